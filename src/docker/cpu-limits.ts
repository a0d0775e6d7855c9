import { updateCpusArgs } from "./args.ts";
import type { EngineFacts, FactsReader } from "./engine-facts.ts";
import type { DockerExec } from "./exec.ts";

/** Runtimes that take another limit while a container runs. gVisor's did not: https://github.com/google/gvisor/issues/9554 */
const UPDATING = new Set(["runc", "crun", "io.containerd.runc.v2"]);

export type CpuLimits = {
  /** Whether a container that is to have so many processors can start with more. */
  canBoost(cpus: number): Promise<boolean>;
  limit(id: string, cpus: number): Promise<void>;
  boost(id: string, cpus: number): Promise<void>;
};

/** What containers get of the processors while they start, and from then on. */
export function createCpuLimits(options: {
  exec: DockerExec;
  facts: FactsReader;
  /** OCI runtime; undefined for the engine's default. */
  runtime: string | undefined;
}): CpuLimits {
  const { exec, facts } = options;

  /** The host's processors, if they can be lent to who is to have so many. */
  function lent({ runtime, processors = 0 }: EngineFacts, cpus: number): number | undefined {
    const isTakenBack = UPDATING.has(options.runtime ?? runtime ?? "");
    return isTakenBack && cpus < processors ? processors : undefined;
  }

  return {
    canBoost: async (cpus) => lent(await facts.read(), cpus) !== undefined,
    async limit(id, cpus) {
      const known = await facts.read();
      // An engine that does not answer will say so of the update as well.
      if (known.processors === undefined || lent(known, cpus) !== undefined)
        await exec.run(updateCpusArgs(id, cpus));
    },
    async boost(id, cpus) {
      const processors = lent(await facts.read(), cpus);
      if (processors !== undefined) await exec.run(updateCpusArgs(id, processors));
    },
  };
}
