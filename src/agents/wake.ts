import { RunnerError } from "../lib/errors.ts";
import { type Agent, currentVersion } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import { timed } from "../metrics/metrics.ts";
import { bringUp } from "./rebuild.ts";
import { retire } from "./retire.ts";
import { moveTo } from "./state.ts";

/**
 * Starts a sleeping agent for all who wait for it; they share the one start under way. Never rejects: it grants the
 * waiters their slots, or refuses them with the reason.
 */
export function wake(context: AgentsContext, agent: Agent): void {
  if (agent.waking !== undefined) return;
  const onFailure = (error: RunnerError) => fail(context, agent, error);
  void startUp(context, agent, { reason: "an invoke woke it", onFailure }).catch(() => undefined);
}

export type StartUp = {
  reason: string;
  /** Ends it from outside. */
  signal?: AbortSignal;
  /** Done once the agent is ready and before it serves; rejects to have it put down again. */
  commit?: () => Promise<void>;
  /** Told of a failure before anyone else is, and of none when the start was ended. */
  onFailure: (error: RunnerError) => void;
};

/**
 * The start of an agent that does not run, shared by the invokes that come meanwhile. Rejects with why it failed, and
 * with the reason for which it was ended.
 */
export function startUp(context: AgentsContext, agent: Agent, options: StartUp): Promise<void> {
  const ending = new AbortController();
  const signals = [ending.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const starting = start(context, agent, { ...options, signal: AbortSignal.any(signals) });
  const settle = async () => {
    await starting.catch(() => undefined);
    agent.waking = undefined;
    // Who came after its end, and before this turn of the loop, would wait for nothing.
    if (agent.waiters.length > 0 && agent.state === "idle") wake(context, agent);
  };
  agent.waking = { done: settle(), end: (reason) => ending.abort(reason) };
  return starting;
}

async function start(
  context: AgentsContext,
  agent: Agent,
  { reason, signal, commit, onFailure }: StartUp & { signal: AbortSignal },
): Promise<void> {
  const { log, metrics, pool } = context;
  try {
    await agent.settling;
    signal.throwIfAborted();
    moveTo(agent, "starting", { log, metrics, reason });
    const instance = await timed(
      () => bringUp(context, agent, { version: currentVersion(agent), signal }),
      (result, seconds) => metrics.wakes.observe({ result }, seconds),
    );
    try {
      // Stopped, deleted or deployed anew while this start was under way: what came later holds.
      signal.throwIfAborted();
      await commit?.();
    } catch (error) {
      await retire(context, agent, instance);
      throw error;
    }
    agent.instance = instance;
    agent.lastError = undefined;
    moveTo(agent, "running", { log, metrics, reason: "ready" });
    pool.pump(agent);
  } catch (cause) {
    const error = asRunnerError(cause);
    if (!signal.aborted) {
      log.warn({ agent_id: agent.id, code: error.code, err: cause }, "agent did not start");
      onFailure(error);
    }
    throw error;
  }
}

/**
 * Only the agent's own failure is held against it. When the engine was away, or what a build needs was not to be had,
 * the next invoke tries again.
 */
function fail({ log, metrics, pool, clock }: AgentsContext, agent: Agent, error: RunnerError): void {
  const isItsFault = error.code === "AGENT_START_FAILED";
  if (isItsFault || error.code.startsWith("BUILD_")) agent.lastError = toLastError(error, clock.now());
  if (agent.state === "starting")
    moveTo(agent, isItsFault ? "error" : "idle", { log, metrics, reason: error.message });
  pool.refuse(agent, error);
}

export function asRunnerError(cause: unknown): RunnerError {
  return cause instanceof RunnerError
    ? cause
    : new RunnerError("INTERNAL", "The agent could not be started.", { cause });
}

export function toLastError(error: RunnerError, now: number) {
  const log = error.details?.["log"];
  return {
    at: new Date(now).toISOString(),
    code: error.code,
    message: error.message,
    log: typeof log === "string" ? log : "",
  };
}
