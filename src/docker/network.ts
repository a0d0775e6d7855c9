import * as args from "./args.ts";
import { isAlreadyExists, isNoSuchObject } from "./errors.ts";
import type { DockerExec } from "./exec.ts";
import type { Engine } from "./types.ts";

export function createNetworks(
  exec: DockerExec,
  network: string,
): Pick<Engine, "ensureNetwork" | "networkExists"> {
  async function networkExists(): Promise<boolean> {
    try {
      await exec.run(args.networkInspectArgs(network));
      return true;
    } catch (error) {
      if (isNoSuchObject(error)) return false;
      throw error;
    }
  }

  return {
    networkExists,
    async ensureNetwork() {
      if (await networkExists()) return;
      // Another runner may create it at the same time.
      await exec.run(args.networkCreateArgs(network)).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    },
  };
}
