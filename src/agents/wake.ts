import type { RunnerError } from "../lib/errors.ts";
import { ASLEEP } from "./activity.ts";
import type { Agent } from "./agent.ts";
import { toLastError } from "./last-error.ts";
import { type StartParts, startAgent } from "./start.ts";

/** Starts a sleeping agent for all who wait for it. Never rejects: those who wait get their slots or the reason. */
export function wake(parts: StartParts, agent: Agent): void {
  if (agent.state === "starting") return;
  const onFailure = (error: RunnerError) => fail(parts, agent, error);
  startAgent(parts, agent, { reason: "an invoke woke it", onFailure }).catch(() => undefined);
}

/**
 * Only a failure of the agent's own is held against it. When the engine was away, or a build could not get what it
 * needs, the next invoke tries again.
 */
function fail({ clock }: StartParts, agent: Agent, error: RunnerError): void {
  const isItsFault = error.code === "AGENT_START_FAILED";
  const isShown = isItsFault || error.code.startsWith("BUILD_");
  agent.move(isItsFault ? { state: "error" } : ASLEEP, {
    reason: error.message,
    error: isShown ? toLastError(error, clock.now()) : undefined,
  });
  agent.queue.refuse(error);
}
