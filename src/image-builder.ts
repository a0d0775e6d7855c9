import { networkInterfaces } from "node:os";
import { join } from "node:path";

import { buildAgent } from "./agents/build.ts";
import { createBuildQueue } from "./agents/build-queue.ts";
import { measuredQueue } from "./agents/build-queue-metrics.ts";
import type { Images } from "./agents/images.ts";
import { createResolvedLists } from "./agents/resolved-lists.ts";
import type { Config } from "./config.ts";
import type { Engine, Identity } from "./docker/types.ts";
import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { RUNTIME_CONTEXT } from "./runtime/index.ts";
import { type BuildSettings, keptDirectory } from "./source/dependencies/index.ts";

export type ImageBuilderOptions = {
  config: Config;
  engine: Engine;
  environment: Record<string, string | undefined>;
  agentDir: (agentId: string) => string;
  /** Where the Python that runs inside containers is kept for builds to read. */
  runtimeDir: string;
  /** Names of the kept lists that the agent's versions were built from. */
  packagesInUse: (agentId: string) => string[];
  labels: (identity: Identity) => Record<string, string>;
  log: Log;
  metrics: Metrics;
};

/** Builds versions with this host's settings, so many at once. */
export function createImageBuilder(options: ImageBuilderOptions): Images {
  const { config, engine } = options;
  const settings = buildSettings(options);
  const queue = measuredQueue(
    createBuildQueue({ maxRunning: config.maxBuilds, maxWaiting: config.maxBuildQueue }),
    options.metrics,
  );
  const timeoutMs = config.buildTimeout * 1000;
  const resolvedLists = createResolvedLists();
  const runtime = keptDirectory({ parent: options.runtimeDir, files: RUNTIME_CONTEXT });
  const keeping = new Set<Promise<void>>();

  const inBackground = (agentId: string, work: () => Promise<void>) => {
    const kept = work()
      .catch((error: unknown) =>
        options.log.warn(
          { agent_id: agentId, reason: messageOf(error) },
          "the resolved list of packages was not kept; the next build resolves it again",
        ),
      )
      .finally(() => keeping.delete(kept));
    keeping.add(kept);
  };

  return {
    timeoutMs,
    async build({ identity, buildDir, onEvent, startup, ...request }) {
      const { agentId } = identity;
      const onPlace = (ahead: number) => onEvent({ type: "log", line: waitingLine(ahead) });
      const runtimeDir = await runtime.path();
      const turn = { agentId, signal: request.signal, onPlace, startup };
      const { style, ...image } = await queue.run(turn, () =>
        buildAgent(engine, {
          ...request,
          agentId,
          onEvent,
          labels: options.labels(identity),
          runtimeDir,
          resolvedLists,
          scratchDir: buildDir,
          keepDir: join(options.agentDir(agentId), "kept"),
          packagesInUse: () => options.packagesInUse(agentId),
          timeoutMs,
          settings,
          background: (work) => inBackground(agentId, work),
        }),
      );
      return { ...image, dependencyStyle: style };
    },
    settled: async () => void (await Promise.all(keeping)),
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
