import { RunnerError } from "../../lib/errors.ts";
import { networkCreateArgs, networkInspectArgs } from "./network-args.ts";
import type { AgentNetwork } from "./agent-networks.ts";
import { isAlreadyExists, isNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { ENGINES_OWN, type NetworkFacts, readNetwork } from "./network-facts.ts";

/** Networks in the engine, by name. */
export type Networks = {
  /** Undefined if there is none. Rejects if agents may not be in it. */
  find(name: string): Promise<NetworkFacts | undefined>;
  /** The same, and makes it if there is none. */
  ensure(network: AgentNetwork): Promise<NetworkFacts>;
};

export function createNetworks(exec: DockerExec, runnerId: string): Networks {
  async function find(name: string): Promise<NetworkFacts | undefined> {
    if (ENGINES_OWN.includes(name)) throw refused(name, "it is one of the engine's own");
    try {
      const found = readNetwork(name, await exec.run(networkInspectArgs(name)));
      if (found?.flaw !== undefined) throw refused(name, found.flaw);
      return found;
    } catch (error) {
      if (isNoSuchObject(error)) return undefined;
      throw error;
    }
  }

  return {
    find,
    async ensure(network) {
      const { name } = network;
      const found = await find(name);
      if (found !== undefined) return found;
      // Another runner may create it at the same time.
      await exec.run(networkCreateArgs(network, runnerId)).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
      const made = await find(name);
      if (made === undefined)
        throw new RunnerError("CONTAINER_ERROR", `Network ${name} vanished as it was made.`);
      return made;
    },
  };
}

function refused(name: string, why: string): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `Agents cannot run in the network ${name}: ${why}. Remove it (docker network rm ${name}), and it is made anew, or name another in OKEN_DOCKER_NETWORK.`,
    { details: { reason: "network_refused" } },
  );
}
