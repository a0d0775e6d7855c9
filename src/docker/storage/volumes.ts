import { Type } from "@sinclair/typebox";

import { STOP_GRACE_SECONDS } from "../../lib/agent-container.ts";
import { RunnerError } from "../../lib/errors.ts";
import { undefinedIfNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { LABEL } from "../labels.ts";
import { linesOf } from "../lines.ts";
import { readJson } from "../read-json.ts";
import type { ContainerSpec, Engine, VolumeMount } from "../types.ts";
import * as args from "./volume-args.ts";

/** Deadline of a container that runs one small program, milliseconds; its start takes long while the engine is busy. */
const HELPER_TIMEOUT_MS = 60_000;

const Inspected = Type.Array(
  Type.Object({
    Name: Type.String(),
    CreatedAt: Type.String(),
    Labels: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
  }),
);

export type Volumes = Pick<Engine, "listVolumes" | "measureVolumes" | "removeVolumes"> & {
  /** Before a container is created: its volumes exist, are its agent's, and belong to its user. */
  prepare(spec: Pick<ContainerSpec, "image" | "identity" | "userId" | "volumes">): Promise<void>;
  /**
   * Before a container starts: no other one has those of its volumes that are not shared. There is one only if a runner
   * was killed between two versions.
   */
  release(
    spec: Pick<ContainerSpec, "name" | "volumes">,
    stop: (name: string, graceSeconds: number) => Promise<void>,
  ): Promise<void>;
};

export function createVolumes(exec: DockerExec, runnerId: string): Volumes {
  /** Those that this process has given to their user, with the time they were made: a name may come again. */
  const owned = new Set<string>();

  /** Whether the engine's storage has them: xfs with project quotas. */
  let hasQuotas = true;

  const list = async (argv: string[]) => linesOf(await exec.run(argv));

  async function make(volume: VolumeMount, agentId: string): Promise<void> {
    const create = (isLimited: boolean) =>
      exec.run(args.volumeCreateArgs(volume, { runnerId, agentId, isLimited }));
    if (volume.size === undefined || !hasQuotas) return void (await create(false));
    await create(true).catch((error: unknown) => {
      if (!(error instanceof RunnerError && /no quota support/i.test(error.message))) throw error;
      hasQuotas = false;
      return create(false);
    });
  }

  async function made(volumes: VolumeMount[], agentId: string): Promise<{ name: string; key: string }[]> {
    for (const volume of volumes) await make(volume, agentId);
    const argv = args.volumeInspectArgs(volumes.map(({ name }) => name));
    const found = readJson(Inspected, { args: argv, output: await exec.run(argv) });
    return volumes.map(({ name, path }) => {
      const { Labels: labels, CreatedAt = "" } = found.find(({ Name }) => Name === name) ?? { Labels: null };
      const isOwn =
        labels?.[LABEL.runner] === runnerId &&
        labels[LABEL.agent] === agentId &&
        labels[LABEL.volume] === path;
      if (isOwn) return { name, key: `${name} ${CreatedAt}` };
      throw new RunnerError(
        "CONTAINER_ERROR",
        `The volume ${name} in the engine has not the labels of agent ${agentId} and ${path}, so it is not mounted. It was made by hand; rename or remove it.`,
      );
    });
  }

  return {
    async prepare({ image, identity, userId, volumes = [] }) {
      if (volumes.length === 0) return;
      const fresh = (await made(volumes, identity.agentId)).filter(({ key }) => !owned.has(key));
      if (fresh.length === 0) return;
      const argv = args.volumeOwnArgs(
        fresh.map(({ name }) => name),
        { image, userId, runnerId },
      );
      await exec.run(argv, { timeoutMs: HELPER_TIMEOUT_MS });
      for (const { key } of fresh) owned.add(key);
    },

    async release({ name, volumes = [] }, stop) {
      const own = volumes.filter(({ shared }) => !shared).map((volume) => volume.name);
      if (own.length === 0) return;
      const users = await list(args.volumeUsersArgs(own, runnerId));
      for (const user of users) if (user !== name) await stop(user, STOP_GRACE_SECONDS);
    },

    async listVolumes() {
      return (await list(args.volumeListArgs(runnerId))).map((line) => {
        const [name = "", agentId = "", path = ""] = line.split("\t");
        return { name, agentId, path };
      });
    },

    async measureVolumes({ image, names }) {
      // One that is named and does not exist would be made.
      const existing = new Set(
        (await list(args.volumeListArgs(runnerId))).map((line) => line.split("\t")[0]),
      );
      const measured = names.filter((name) => existing.has(name));
      if (measured.length === 0) return {};
      const argv = args.volumeMeasureArgs(measured, { image, runnerId });
      const output = await exec.run(argv, { timeoutMs: HELPER_TIMEOUT_MS });
      const found = output.split("\n").flatMap((line) => args.readMeasure(line) ?? []);
      return Object.fromEntries(found.map(({ index, bytes }) => [measured[index] ?? "", bytes]));
    },

    async removeVolumes(names) {
      for (const name of names) await exec.run(args.volumeRemoveArgs(name)).catch(undefinedIfNoSuchObject);
    },
  };
}
