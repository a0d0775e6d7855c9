import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

import { planDependencies } from "../dependencies/detect.ts";
import { createBackground } from "./background.ts";
import { compileModule } from "./compile.ts";
import { unlessThere } from "./files.ts";
import { fingerprint } from "./fingerprint.ts";
import { buildImage } from "./image.ts";
import { createBuildQueue } from "./queue.ts";
import { measuredQueue } from "./queue-metrics.ts";
import type { BuildParts } from "./run.ts";
import { whileThereIsRoom } from "./room.ts";
import { runtimeDirectory } from "./runtime-directory.ts";
import { createStageCache } from "./stage-cache.ts";
import { createStepLog, withStepLabel } from "./steps.ts";
import { tracedWait } from "./traced-wait.ts";
import type { Build, BuildRequest, Builder, BuilderHost } from "./types.ts";

/** Runs as many builds at once as the host allows, one of them of the same agent. */
export function createBuilder(host: BuilderHost): Builder {
  const { agents, clock, limits, metrics } = host;
  const queue = measuredQueue(
    createBuildQueue({ maxRunning: limits.maxBuilds, maxWaiting: limits.maxBuildQueue, clock }),
    metrics,
  );
  // Apart from builds, which take minutes: a mistake is told at once, and takes a second of one CPU.
  const compiling = createBuildQueue({ maxRunning: 1, maxWaiting: limits.maxBuildQueue, clock });
  const timeoutMs = limits.buildTimeout * 1000;
  const parts: BuildParts = {
    host,
    runtime: runtimeDirectory(host.runtime),
    resolutionCache: createStageCache(),
    systemCache: createStageCache(),
    background: createBackground(host.log),
  };

  async function buildNow(request: BuildRequest): Promise<Build> {
    const { agentId, version, tree } = request;
    await host.cleared;
    const deadline = clock.monotonic() + timeoutMs;
    const directory = agents.scratchDirectory(agentId, version.version);
    // Not its parent: that is removed with the agent, and must not come back.
    await mkdir(directory, { mode: 0o700 }).catch(unlessThere);
    const scratch = await mkdtemp(join(directory, "build-"));
    try {
      const plan = await planDependencies(tree, {
        entrypointFile: version.entrypoint.file,
        target: {
          pythonVersion: version.manifest.pythonVersion,
          platform: await host.engine.platform(),
        },
      });
      const steps = createStepLog(request.onEvent);
      const run = { parts, plan, steps, scratch, deadline, startedAt: clock.now() };
      return await whileThereIsRoom({ ...host, signal: request.signal }, (signal) =>
        buildImage({ ...run, request: { ...request, signal } }),
      );
    } catch (error) {
      throw withStepLabel(error, timeoutMs);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  return {
    build(request) {
      const { agentId, signal, startup, onEvent, span } = request;
      const wait = tracedWait(span);
      const onPlace = (ahead: number) => {
        wait.begin();
        onEvent({ type: "log", line: waitingLine(ahead) });
      };
      const work = () => {
        wait.end();
        return buildNow(request);
      };
      return queue.run({ agentId, signal, startup, onPlace }, work).finally(() => wait.end());
    },
    compile(request) {
      const turn = { ...request, onPlace: () => undefined };
      return compiling.run(turn, () =>
        compileModule(host, { ...request, timeoutMs }).catch((error: unknown) => {
          throw withStepLabel(error, timeoutMs);
        }),
      );
    },
    fingerprint: async (source) => fingerprint(host, await parts.runtime.name(), source),
    timeoutMs,
    builds: () => queue.builds(),
    settled: () => parts.background.settled(),
  };
}

function waitingLine(ahead: number): string {
  if (ahead === 0) return "Waiting for a build to end: this one is next.";
  return `Waiting for a build to end: ${ahead} ${ahead === 1 ? "is" : "are"} ahead of this one.`;
}
