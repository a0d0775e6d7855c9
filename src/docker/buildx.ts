import { existsSync } from "node:fs";

import type { FactsReader } from "./engine-facts.ts";

type Command = { args: string[]; program?: string; env: Record<string, string> };

/**
 * Otherwise buildx runs git in the context, which is what somebody uploaded, with what its `.git` configures:
 * https://docs.docker.com/build/building/variables/#buildx_git_info
 */
const ENVIRONMENT = { BUILDX_GIT_INFO: "false" };

/** How the commands of `docker buildx` are run. */
export type Buildx = {
  /** What `exec` is to run for `docker buildx ...args`. */
  command(args: string[]): Promise<Command>;
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
      if (buildx !== undefined && existsSync(buildx)) return { args, program: buildx, env: ENVIRONMENT };
      // Not told, or moved by an upgrade: the next build asks again, and this one goes through the CLI.
      facts.forget();
      return { args: ["buildx", ...args], env: ENVIRONMENT };
    },
  };
}
