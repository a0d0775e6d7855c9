import { existsSync } from "node:fs";

import { readEngineFacts } from "./engine-facts.ts";
import type { DockerExec } from "./exec.ts";

/** How the commands of `docker buildx` are run. */
export type Buildx = {
  /** What `exec` is to run for `docker buildx ...args`. */
  command(args: string[]): Promise<{ args: string[]; program?: string }>;
};

/**
 * Runs the plugin itself once the CLI has told where it is: through the CLI each build starts three processes, since
 * that asks the plugin for its name first, and a tenth of a second goes by. The plugin runs by itself as well:
 * https://github.com/docker/buildx#manual-download
 */
export function createBuildx(exec: DockerExec): Buildx {
  let asked: ReturnType<typeof readEngineFacts> | undefined;
  return {
    async command(args) {
      asked ??= readEngineFacts(exec);
      const { buildx } = await asked;
      if (buildx !== undefined && existsSync(buildx)) return { args, program: buildx };
      // Not told, or moved by an upgrade: the next build asks again, and this one goes through the CLI.
      asked = undefined;
      return { args: ["buildx", ...args] };
    },
  };
}
