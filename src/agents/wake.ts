import { RunnerError, messageOf } from "../errors.ts";
import { type Agent, currentVersion } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import { timed } from "../metrics.ts";
import { retire } from "./retire.ts";
import { moveTo } from "./state.ts";

/**
 * Starts a sleeping agent for all who wait for it; they share the one start under way. Never rejects: it grants the
 * waiters their slots, or refuses them with the reason.
 */
export function wake(context: AgentsContext, agent: Agent): void {
  agent.waking ??= start(context, agent).finally(() => {
    agent.waking = undefined;
  });
}

async function start(context: AgentsContext, agent: Agent): Promise<void> {
  const { log, metrics, pool, instances } = context;
  try {
    await agent.settling;
    const version = currentVersion(agent);
    moveTo(agent, "starting", { log, metrics, reason: "an invoke woke it" });
    const instance = await timed(
      () => instances.wake(agent.id, version, new AbortController().signal),
      (result, seconds) => metrics.wakes.observe({ result }, seconds),
    );
    // Stopped, deleted or deployed anew while this start was under way: what came later holds.
    if (agent.state !== "starting" || agent.record.current_version !== version.version) {
      return retire(context, agent, instance);
    }
    agent.instance = instance;
    agent.lastError = undefined;
    moveTo(agent, "running", { log, metrics, reason: "ready" });
    pool.pump(agent);
  } catch (error) {
    fail(context, agent, error);
  }
}

function fail({ log, metrics, pool, clock }: AgentsContext, agent: Agent, cause: unknown): void {
  const error = asRunnerError(cause);
  log.warn({ agent_id: agent.id, code: error.code, err: cause }, "agent did not wake");
  if (agent.state === "starting") {
    // Only the agent's own failure is held against it; when the engine was away, the next invoke tries again.
    const isItsFault = error.code === "AGENT_START_FAILED";
    if (isItsFault) agent.lastError = toLastError(error, clock.now());
    moveTo(agent, isItsFault ? "error" : "idle", { log, metrics, reason: messageOf(error) });
  }
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
