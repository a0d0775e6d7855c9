import { KiB, MiB } from "../../lib/bytes.ts";
import { LABEL, runnerLabels } from "../labels.ts";
import type { VolumeMount } from "../types.ts";

/** Of a container that runs one small program on volumes. */
const HELPER_MEMORY = 64 * MiB;
const HELPER_PIDS = 16;
const HELPER_DIRECTORY = "/volumes";

/** Most time for a count: operations on the agent wait for it, and a stop may take 30 seconds in all. */
const MEASURE_SECONDS = 10;

export type VolumeOwner = { runnerId: string; agentId: string };

/** To create one that exists changes nothing. Where the storage has no quotas, one with a limit is refused. */
export function volumeCreateArgs(
  { name, path, size }: VolumeMount,
  { runnerId, agentId, isLimited }: VolumeOwner & { isLimited: boolean },
): string[] {
  const labels = { ...runnerLabels(runnerId), [LABEL.agent]: agentId, [LABEL.volume]: path };
  return [
    ...["volume", "create"],
    ...(isLimited && size !== undefined ? ["--opt", `size=${size}`] : []),
    ...Object.entries(labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    "--",
    name,
  ];
}

export function volumeInspectArgs(names: string[]): string[] {
  return ["volume", "inspect", "--", ...names];
}

export function volumeRemoveArgs(name: string): string[] {
  return ["volume", "rm", "--", name];
}

/** Prints name, agent and path of each of a runner's volumes, a line each. */
export function volumeListArgs(runnerId: string): string[] {
  return [
    ...["volume", "ls"],
    ...ownFilters(runnerId),
    ...["--filter", `label=${LABEL.volume}`],
    ...["--format", `{{.Name}}\t{{.Label "${LABEL.agent}"}}\t{{.Label "${LABEL.volume}"}}`],
  ];
}

/** Prints the names of a runner's containers that run, or are paused, with one of the volumes. */
export function volumeUsersArgs(names: string[], runnerId: string): string[] {
  return [
    "ps",
    ...ownFilters(runnerId),
    ...names.flatMap((name) => ["--filter", `volume=${name}`]),
    ...["--format", "{{.Names}}"],
  ];
}

/** The place of a volume in {@link volumeMeasureArgs}, from a line that it printed, and its bytes. */
export function readMeasure(line: string): { index: number; bytes: number } | undefined {
  const [, kibibytes, index] = /^(\d+)\s+\/volumes\/(\d+)$/.exec(line) ?? [];
  return index === undefined ? undefined : { index: Number(index), bytes: Number(kibibytes) * KiB };
}

/** Without the image's own files in it: root owns those. */
export function volumeMountArgs({ name, path }: Pick<VolumeMount, "name" | "path">): string[] {
  return ["--mount", `type=volume,src=${name},dst=${path},volume-nocopy`];
}

/**
 * Gives fresh volumes to the agent's user, in a container that is gone afterwards: the agent's own never has root. It
 * runs a program of the base image, with the one capability that it takes and no network.
 */
export function volumeOwnArgs(
  names: string[],
  { image, userId, runnerId }: { image: string; userId: number; runnerId: string },
): string[] {
  const mounts = mountsOf(names);
  return [
    ...helperArgs(runnerId, "CHOWN"),
    ...mounts.flatMap(volumeMountArgs),
    ...["--entrypoint", "/bin/chown"],
    "--",
    image,
    `${userId}:${userId}`,
    ...mounts.map(({ path }) => path),
  ];
}

/** Prints how many KiB each holds, and where it is mounted, a line each. Files may go while they are counted. */
export function volumeMeasureArgs(
  names: string[],
  { image, runnerId }: { image: string; runnerId: string },
): string[] {
  const mounts = mountsOf(names);
  return [
    ...helperArgs(runnerId, "DAC_READ_SEARCH"),
    ...mounts.flatMap((mount) => {
      const [flag = "", text = ""] = volumeMountArgs(mount);
      return [flag, `${text},readonly`];
    }),
    ...["--entrypoint", "/bin/sh"],
    "--",
    image,
    ...["-c", `/usr/bin/timeout ${MEASURE_SECONDS} /usr/bin/du -skx -- "$@" || true`, "sh"],
    ...mounts.map(({ path }) => path),
  ];
}

function mountsOf(names: string[]) {
  return names.map((name, index) => ({ name, path: `${HELPER_DIRECTORY}/${index}` }));
}

/** A container of one small program as root, with one capability and nothing to write to but what is mounted. */
function helperArgs(runnerId: string, capability: string): string[] {
  return [
    ...["run", "--rm"],
    ...Object.entries(runnerLabels(runnerId)).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    ...["--network", "none"],
    ...["--pull", "never"],
    ...["--user", "0:0"],
    ...["--cap-drop", "ALL"],
    ...["--cap-add", capability],
    ...["--security-opt", "no-new-privileges"],
    "--read-only",
    ...["--memory", String(HELPER_MEMORY)],
    ...["--pids-limit", String(HELPER_PIDS)],
    ...["--log-driver", "none"],
  ];
}

function ownFilters(runnerId: string): string[] {
  return Object.entries(runnerLabels(runnerId)).flatMap(([name, value]) => [
    "--filter",
    `label=${name}=${value}`,
  ]);
}
