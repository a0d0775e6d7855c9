import { existsSync } from "node:fs";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { DockerExec } from "./exec.ts";

/** How the commands of `docker buildx` are run. */
export type Buildx = {
  /** What `exec` is to run for `docker buildx ...args`. */
  command(args: string[]): Promise<{ args: string[]; program?: string }>;
};

/** Only the fields we use of what `docker info` tells of the CLI's plugins. */
const Plugins = Type.Array(Type.Object({ Name: Type.String(), Path: Type.Optional(Type.String()) }));

/**
 * Runs the plugin itself once the CLI has told where it is: through the CLI each build starts three processes, since
 * that asks the plugin for its name first, and a tenth of a second goes by. The plugin runs by itself as well:
 * https://github.com/docker/buildx#manual-download
 */
export function createBuildx(exec: DockerExec): Buildx {
  let program: Promise<string | undefined> | undefined;
  return {
    async command(args) {
      program ??= findPlugin(exec);
      const found = await program;
      if (found !== undefined && existsSync(found)) return { args, program: found };
      // Not there, or moved by an upgrade: the next build asks again.
      program = undefined;
      return { args: ["buildx", ...args] };
    },
  };
}

/** Undefined when the CLI does not tell: then the build goes through it, and says what is wrong. */
async function findPlugin(exec: DockerExec): Promise<string | undefined> {
  try {
    const output = await exec.run(["info", "--format", "{{json .ClientInfo.Plugins}}"]);
    const plugins: unknown = JSON.parse(output);
    if (!Value.Check(Plugins, plugins)) return undefined;
    return plugins.find(({ Name }) => Name === "buildx")?.Path;
  } catch {
    return undefined;
  }
}
