import { existsSync } from "node:fs";

import type { FactsReader } from "../engine-facts.ts";

type Command = { args: string[]; program?: string; env: Record<string, string> };

/**
 * Otherwise buildx runs git in the context, and obeys the configuration in an uploaded `.git`:
 * https://docs.docker.com/build/building/variables/#buildx_git_info
 */
const ENVIRONMENT = { BUILDX_GIT_INFO: "false" };

export type Buildx = {
  /** The command that `exec` runs for `docker buildx ...args`. */
  command(args: string[]): Promise<Command>;
};

/**
 * Runs the plugin directly, once the CLI has said where it is. The CLI would start three processes for each build,
 * since it first asks the plugin for its name, and that takes a tenth of a second. The plugin is made to run directly
 * too: https://github.com/docker/buildx#manual-download
 */
export function createBuildx(facts: FactsReader): Buildx {
  return {
    async command(args) {
      const { buildx } = await facts.read();
      if (buildx !== undefined && existsSync(buildx)) return { args, program: buildx, env: ENVIRONMENT };
      // Unknown, or moved by an upgrade. This build goes through the CLI, and the next one asks again.
      facts.forget();
      return { args: ["buildx", ...args], env: ENVIRONMENT };
    },
  };
}
