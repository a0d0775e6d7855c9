import type { RunnerError } from "../../lib/errors.ts";
import { type Metrics, timed } from "../../metrics/metrics.ts";
import { type Span, traced } from "../../tracing/span.ts";
import type { Agent, Instance } from "../agent.ts";
import { settled } from "../activity.ts";
import { asRunnerError } from "../last-error.ts";
import type { AgentParts } from "../parts.ts";
import { retire } from "../ending/retire.ts";
import { type SizeParts, requireRoom } from "../volumes/volume-sizes.ts";
import { type StartTier, type StartVersionParts, startVersion } from "./start-version.ts";

export type StartParts = StartVersionParts &
  SizeParts &
  Pick<AgentParts, "instances" | "clock" | "metrics" | "reach">;

export type StartOptions = {
  reason: string;
  /** Ends the start from outside. */
  signal?: AbortSignal;
  /** Done once the agent is ready and before it serves. When it rejects, the start has failed. */
  commit?: () => Promise<void>;
  /** Moves the agent on after a failure; not called when the start was ended. */
  onFailure: (error: RunnerError) => void;
  /** That of the start, which ends it. */
  span?: Span | undefined;
};

/**
 * Starts the current version of an agent that does not run; the invokes that come meanwhile share the start. Rejects
 * with why it failed, or with the reason for which it was ended.
 */
export function startAgent(parts: StartParts, agent: Agent, options: StartOptions): Promise<void> {
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  // Waits for that first, and so does nothing before the move below.
  const before = { settled: settled(agent.activity), paused: agent.resident };
  const starting = traced(options.span, () => run(parts, agent, { ...options, signal, before }));
  const start = { done: starting.catch(() => undefined), end: (reason: RunnerError) => ending.abort(reason) };
  agent.move({ state: "starting", start }, { reason: options.reason });
  return starting;
}

type Run = Pick<StartOptions, "commit" | "onFailure" | "span"> & {
  signal: AbortSignal;
  before: { settled: Promise<void>; paused: Instance | undefined };
};

async function run(
  parts: StartParts,
  agent: Agent,
  { signal, before, commit, onFailure, span }: Run,
): Promise<void> {
  const { log, metrics, reach } = parts;
  try {
    await before.settled;
    if (signal.aborted && before.paused !== undefined) await retire(parts, agent, before.paused);
    signal.throwIfAborted();
    await requireRoom(parts, agent).catch(async (refusal: unknown) => {
      if (before.paused !== undefined) await stopPaused(parts, agent, before.paused);
      throw refusal;
    });
    const instance = await measuredStart(metrics, async () => {
      const started = await startVersion(parts, agent, {
        version: agent.currentVersion,
        paused: before.paused,
        signal,
        span,
      });
      span?.set({ "oken.start.tier": started.tier });
      return started;
    });
    try {
      // A stop, a removal or a deploy that came during the start holds.
      signal.throwIfAborted();
      await reach("start.ready");
      await commit?.();
      await reach("start.written");
    } catch (error) {
      await retire(parts, agent, instance);
      throw error;
    }
    agent.move({ state: "running", instance }, { reason: "ready" });
  } catch (cause) {
    const error = asRunnerError(cause);
    if (!signal.aborted) {
      if (error.code === "AGENT_START_FAILED") agent.backoff.startFailed();
      const ids = { agent_id: agent.id, trace_id: span?.traceId };
      log.warn({ ...ids, code: error.code, err: cause }, "agent did not start");
      onFailure(error);
    }
    throw error;
  }
}

/** An agent that is not woken sleeps as any other: nothing of it is left in memory, and its log stays. Never rejects. */
async function stopPaused({ instances, log }: StartParts, agent: Agent, paused: Instance): Promise<void> {
  await instances.stop(paused).catch((error: unknown) => {
    log.error(
      { agent_id: agent.id, err: error },
      "could not stop the container of an agent that is not woken",
    );
  });
}

/** A start that fails has no tier: it may have tried several. */
async function measuredStart(
  { wakes }: Pick<Metrics, "wakes">,
  start: () => ReturnType<typeof startVersion>,
): Promise<Instance> {
  let tier: StartTier | "none" = "none";
  return timed(
    async () => {
      const started = await start();
      tier = started.tier;
      return started.instance;
    },
    (result, seconds) => wakes.observe({ result, tier }, seconds),
  );
}
