import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

import type { BuildRequest, BuiltImage, Engine } from "../docker/types.ts";
import { RunnerError } from "../errors.ts";
import { prepareBuild } from "../source/dependencies/index.ts";
import type { PrepareOptions, PreparedBuild } from "../source/dependencies/index.ts";

export type AgentBuildOptions = Omit<PrepareOptions, "buildDir" | "packages"> &
  Pick<BuildRequest, "tag" | "labels" | "timeoutMs" | "signal" | "onEvent"> & {
    /** A directory on the tree's file system; what the build needs is made in it and removed again. */
    scratchDir: string;
    /** Told as soon as the dependency style is known, before anything is built. */
    onDetected?: (detected: Pick<PreparedBuild, "style" | "styleReason" | "warnings">) => void;
  };

export type AgentImage = BuiltImage & Pick<PreparedBuild, "style" | "styleReason" | "warnings">;

/**
 * Builds an agent's image: first with wheels alone, in a phase in which no package's code runs; when a package is to be
 * had only as source, and the host allows it, once more in layers and with a cache of this agent's own.
 * Rejects as `Engine.buildImage` does.
 */
export async function buildAgent(
  engine: Pick<Engine, "buildImage">,
  options: AgentBuildOptions,
): Promise<AgentImage> {
  const deadline = performance.now() + options.timeoutMs;
  const scratch = await mkdtemp(join(options.scratchDir, "build-"));
  const attempt = async (packages: "wheels" | "sources"): Promise<AgentImage> => {
    const prepared = await prepareBuild({ ...options, packages, buildDir: join(scratch, packages) });
    const { style, styleReason, warnings } = prepared;
    if (packages === "wheels") options.onDetected?.({ style, styleReason, warnings });
    const image = await engine.buildImage({
      tag: options.tag,
      labels: options.labels,
      signal: options.signal,
      onEvent: options.onEvent,
      timeoutMs: Math.max(1, Math.ceil(deadline - performance.now())),
      dockerfile: prepared.dockerfile,
      context: prepared.context,
      contexts: prepared.contexts,
      buildArgs: prepared.buildArgs,
      secretFiles: prepared.secretFiles,
    });
    return { ...image, style, styleReason, warnings };
  };
  try {
    return await attempt("wheels").catch((error: unknown) => {
      if (options.settings.sdist === "deny" || !needsBuild(error)) throw error;
      options.onEvent?.({ type: "log", line: "A package is to be had only as source: building it." });
      return attempt("sources");
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function needsBuild(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["class"] === "needs_build";
}
