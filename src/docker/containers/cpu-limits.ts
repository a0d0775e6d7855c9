import { updateCpusArgs } from "./container-args.ts";
import type { EngineFacts, FactsReader } from "../engine-facts.ts";
import type { DockerExec } from "../exec.ts";

/**
 * Runtimes that can change the limit of a running container. gVisor's did not:
 * https://github.com/google/gvisor/issues/9554
 */
const UPDATING = new Set(["runc", "crun", "io.containerd.runc.v2"]);

export type CpuLimits = {
  /** Whether a container with a limit of `cpus` can start with more. */
  canBoost(cpus: number): Promise<boolean>;
  limit(id: string, cpus: number): Promise<void>;
  boost(id: string, cpus: number): Promise<void>;
};

/** Lets containers start with all of the host's CPUs, and limits them afterwards. */
export function createCpuLimits(options: {
  exec: DockerExec;
  facts: FactsReader;
  /** OCI runtime; undefined for the engine's default. */
  runtime: string | undefined;
}): CpuLimits {
  const { exec, facts } = options;

  /** All of the host's CPUs, if a container with a limit of `cpus` can start with them. */
  function boosted({ runtime, hostCpus = 0 }: EngineFacts, cpus: number): number | undefined {
    const canBeLimited = UPDATING.has(options.runtime ?? runtime ?? "");
    return canBeLimited && cpus < hostCpus ? hostCpus : undefined;
  }

  return {
    canBoost: async (cpus) => boosted(await facts.read(), cpus) !== undefined,
    async limit(id, cpus) {
      const known = await facts.read();
      // If the engine did not answer, the update says so as well.
      if (known.hostCpus === undefined || boosted(known, cpus) !== undefined)
        await exec.run(updateCpusArgs(id, cpus));
    },
    async boost(id, cpus) {
      const hostCpus = boosted(await facts.read(), cpus);
      if (hostCpus !== undefined) await exec.run(updateCpusArgs(id, hostCpus));
    },
  };
}
