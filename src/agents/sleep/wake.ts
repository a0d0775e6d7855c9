import type { RunnerError } from "../../lib/errors.ts";
import type { AgentState } from "../../model/agent.ts";
import type { Span } from "../../tracing/span.ts";
import { ASLEEP } from "../activity.ts";
import type { Agent } from "../agent.ts";
import { write } from "../commands.ts";
import { toLastError } from "../last-error.ts";
import { type StartParts, startAgent } from "../starts/start.ts";

export type WakeOptions = {
  reason?: string;
  /** Of the invoke that comes first: the wake is a span below it. */
  parent?: Span | undefined;
};

const CAN_WAKE: ReadonlySet<AgentState> = new Set(["idle", "paused", "error"]);

/** Starts a sleeping agent for all who wait for it. Never rejects: those who wait get their slots or the reason. */
export function wake(
  parts: StartParts,
  agent: Agent,
  { reason = "an invoke woke it", parent }: WakeOptions = {},
): void {
  if (!CAN_WAKE.has(agent.state)) return;
  startAgent(parts, agent, {
    reason,
    // It was stopped, and its start by request failed: that it should run is not on disk yet.
    commit: async () => {
      if (agent.record.desired === "stopped") await write(parts, agent, "running");
    },
    onFailure: (error) => fail(parts, agent, error),
    span: parent?.child("wake", { attributes: { "oken.agent.id": agent.id } }),
  }).catch(() => undefined);
}

/**
 * Only a failure of the agent's own is held against it. When the engine was away, or a build could not get what it
 * needs, the next invoke tries again at once.
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
