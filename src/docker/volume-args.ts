import { MiB } from "../lib/bytes.ts";
import { LABEL, runnerLabels } from "./labels.ts";
import type { VolumeMount } from "./types.ts";

/** Of the container that gives volumes their owner: it runs one small program. */
const OWNER_MEMORY = 64 * MiB;
const OWNER_PIDS = 16;

export type VolumeOwner = { runnerId: string; agentId: string };

/** To create one that exists changes nothing. */
export function volumeCreateArgs({ name, path }: VolumeMount, { runnerId, agentId }: VolumeOwner): string[] {
  const labels = { ...runnerLabels(runnerId), [LABEL.agent]: agentId, [LABEL.volume]: path };
  return [
    ...["volume", "create"],
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
  const mounts = names.map((name, index) => ({ name, path: `/volumes/${index}` }));
  return [
    ...["run", "--rm"],
    ...Object.entries(runnerLabels(runnerId)).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    ...["--network", "none"],
    ...["--pull", "never"],
    ...["--user", "0:0"],
    ...["--cap-drop", "ALL"],
    ...["--cap-add", "CHOWN"],
    ...["--security-opt", "no-new-privileges"],
    "--read-only",
    ...["--memory", String(OWNER_MEMORY)],
    ...["--pids-limit", String(OWNER_PIDS)],
    ...["--log-driver", "none"],
    ...mounts.flatMap(volumeMountArgs),
    ...["--entrypoint", "/bin/chown"],
    "--",
    image,
    `${userId}:${userId}`,
    ...mounts.map(({ path }) => path),
  ];
}

function ownFilters(runnerId: string): string[] {
  return Object.entries(runnerLabels(runnerId)).flatMap(([name, value]) => [
    "--filter",
    `label=${name}=${value}`,
  ]);
}
