import { existsSync } from "node:fs";

import type { FactsReader } from "./engine-facts.ts";

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
export function createBuildx(facts: FactsReader): Buildx {
  return {
    async command(args) {
      const { buildx } = await facts.read();
      if (buildx !== undefined && existsSync(buildx)) return { args, program: buildx };
      // Not told, or moved by an upgrade: the next build asks again, and this one goes through the CLI.
      facts.forget();
      return { args: ["buildx", ...args] };
    },
  };
}
