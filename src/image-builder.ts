import { networkInterfaces } from "node:os";
import { join } from "node:path";

import { buildAgent } from "./agents/build.ts";
import { createBuildQueue } from "./agents/build-queue.ts";
import { measuredQueue } from "./agents/build-queue-metrics.ts";
import type { BuildImage } from "./agents/version.ts";
import type { Config } from "./config.ts";
import type { Engine, Identity } from "./docker/types.ts";
import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { RUNTIME_FILES } from "./runtime/index.ts";
import type { BuildSettings } from "./source/dependencies/index.ts";

export type ImageBuilderOptions = {
  config: Config;
  engine: Engine;
  environment: Record<string, string | undefined>;
  agentDir: (agentId: string) => string;
  labels: (identity: Identity) => Record<string, string>;
  log: Log;
  metrics: Metrics;
};

/** Builds versions with this host's settings, so many at once. */
export function createImageBuilder(options: ImageBuilderOptions): BuildImage {
  const { config, engine } = options;
  const settings = buildSettings(options);
  const queue = measuredQueue(
    createBuildQueue({ maxRunning: config.maxBuilds, maxWaiting: config.maxBuildQueue }),
    options.metrics,
  );
  return async ({ identity, tag, tree, buildDir, manifest, entrypoint, signal, onEvent }) => {
    const onPlace = (ahead: number) => onEvent({ type: "log", line: waitingLine(ahead) });
    const image = await queue.run({ signal, onPlace }, () =>
      buildAgent(engine, {
        agentId: identity.agentId,
        labels: options.labels(identity),
        runtimeFiles: RUNTIME_FILES,
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
