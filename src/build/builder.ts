import { join } from "node:path";

import { buildAgent } from "./build.ts";
import { createBuildQueue } from "./queue.ts";
import { measuredQueue } from "./queue-metrics.ts";
import type { Images } from "./images.ts";
import { createResolvedLists } from "./resolved-lists.ts";
import type { Engine, Identity } from "../docker/types.ts";
import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { type BuildSettings } from "./settings.ts";
import { keptDirectory } from "./kept-directory.ts";

export type BuildLimits = {
  maxBuilds: number;
  maxBuildQueue: number;
  /** Longest that one build may take, seconds. */
  buildTimeout: number;
};

export type ImageBuilderOptions = {
  settings: BuildSettings;
  limits: BuildLimits;
  engine: Engine;
  agentDir: (agentId: string) => string;
  /** Where the Python that runs inside containers is kept for builds to read. */
  runtimeDir: string;
  /** That Python, packed as a build reads it. */
  runtimeFiles: Readonly<Record<string, string>>;
  /** Names of the kept lists that the agent's versions were built from. */
  packagesInUse: (agentId: string) => string[];
  labels: (identity: Identity) => Record<string, string>;
  log: Log;
  metrics: Metrics;
};

/** Builds versions with this host's settings, so many at once. */
export function createImageBuilder(options: ImageBuilderOptions): Images {
  const { engine, limits, settings } = options;
  const queue = measuredQueue(
    createBuildQueue({ maxRunning: limits.maxBuilds, maxWaiting: limits.maxBuildQueue }),
    options.metrics,
  );
  const timeoutMs = limits.buildTimeout * 1000;
  const resolvedLists = createResolvedLists();
  const runtime = keptDirectory({ parent: options.runtimeDir, files: options.runtimeFiles });
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

function waitingLine(ahead: number): string {
  if (ahead === 0) return "Waiting for a build to end: this one is next.";
  return `Waiting for a build to end: ${ahead} ${ahead === 1 ? "is" : "are"} ahead of this one.`;
}
