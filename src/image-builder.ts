import { networkInterfaces } from "node:os";
import { join } from "node:path";

import { buildAgent } from "./agents/build.ts";
import { createBuildQueue } from "./agents/build-queue.ts";
import { createResolvedLists } from "./agents/resolved-lists.ts";
import type { BuildImage } from "./agents/version.ts";
import type { Config } from "./config.ts";
import type { Engine, Identity } from "./docker/types.ts";
import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";
import { RUNTIME_FILES } from "./runtime/index.ts";
import { type BuildSettings, keptDirectory } from "./source/dependencies/index.ts";

export type ImageBuilderOptions = {
  config: Config;
  engine: Engine;
  environment: Record<string, string | undefined>;
  agentDir: (agentId: string) => string;
  /** Where the Python that runs inside containers is kept for builds to read. */
  runtimeDir: string;
  labels: (identity: Identity) => Record<string, string>;
  log: Log;
};

/** Builds versions with this host's settings, so many at once. */
export function createImageBuilder(options: ImageBuilderOptions): BuildImage {
  const { config, engine } = options;
  const settings = buildSettings(options);
  const queue = createBuildQueue({ maxRunning: config.maxBuilds, maxWaiting: config.maxBuildQueue });
  const resolvedLists = createResolvedLists();
  const runtime = keptDirectory({ parent: options.runtimeDir, files: RUNTIME_FILES });
  return async ({ identity, tag, tree, treeDigest, buildDir, manifest, entrypoint, signal, onEvent }) => {
    const onPlace = (ahead: number) => onEvent({ type: "log", line: waitingLine(ahead) });
    const runtimeDir = await runtime.path();
    const image = await queue.run({ signal, onPlace }, () =>
      buildAgent(engine, {
        agentId: identity.agentId,
        labels: options.labels(identity),
        treeDigest,
        runtimeDir,
        resolvedLists,
        scratchDir: buildDir,
        keepDir: join(options.agentDir(identity.agentId), "kept"),
        timeoutMs: config.buildTimeout * 1000,
        settings,
        tag,
        tree,
        manifest,
        entrypoint,
        signal,
        onEvent,
        background: (work) => {
          work().catch((error: unknown) =>
            options.log.warn(
              { agent_id: identity.agentId, reason: messageOf(error) },
              "the resolved list of packages was not kept; the next deploy resolves it again",
            ),
          );
        },
      }),
    );
    return { imageId: image.imageId, dependencyStyle: image.style, warnings: image.warnings };
  };
}

function buildSettings({ config, environment }: ImageBuilderOptions): BuildSettings {
  return {
    pythonImage: config.pythonImage,
    uvImage: config.uvImage,
    builderImage: config.builderImage,
    indexUrl: config.indexUrl,
    extraIndexUrls: config.extraIndexUrls?.split(" "),
    findLinks: config.findLinks,
    offline: config.offline === "yes",
    caFile: config.caFile,
    proxy: environment["HTTPS_PROXY"] ?? environment["https_proxy"],
    ownAddresses: Object.values(networkInterfaces()).flatMap((addresses) =>
      (addresses ?? []).map(({ address }) => address),
    ),
    sdist: config.buildSdist === "deny" ? "deny" : "isolated",
  };
}

function waitingLine(ahead: number): string {
  if (ahead === 0) return "Waiting for a build to end: this one is next.";
  return `Waiting for a build to end: ${ahead} ${ahead === 1 ? "is" : "are"} ahead of this one.`;
}
