import type { Instance } from "../../instance/instance.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";
import type { StartParts } from "../starts/start.ts";
import { wake } from "./wake.ts";

export type PauseParts = Pick<AgentParts, "engine" | "clock" | "log">;

export type Pauser = {
  /** Takes an agent out of service in this turn of the event loop, and has its container frozen. */
  pause(agent: Agent, instance: Instance): void;
};

/** A busy kernel may fail to freeze a container once. One that fails so often in a row never will. */
const MOST_REFUSALS = 3;

/** Pauses agents. One that could not be paused, as some runtimes cannot, is tried again after its next call at the earliest. */
export function createPauser({ engine, log }: PauseParts): Pauser {
  const refusals = new WeakMap<Instance, { inRow: number; lastUsed: number }>();
  let isToldOf = "";

  const isWorthATry = (instance: Instance) => {
    const { inRow, lastUsed } = refusals.get(instance) ?? { inRow: 0, lastUsed: Number.NaN };
    return inRow < MOST_REFUSALS && lastUsed !== instance.lastUsed;
  };

  const failed = (agent: Agent, instance: Instance, error: unknown) => {
    const isAway = error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE";
    if (!isAway) {
      const { inRow = 0 } = refusals.get(instance) ?? {};
      refusals.set(instance, { inRow: inRow + 1, lastUsed: instance.lastUsed });
    }
    const reason = messageOf(error);
    const kind = reason.replaceAll(instance.container.id, "");
    log[kind === isToldOf ? "debug" : "warn"](
      { agent_id: agent.id, reason },
      "an agent could not be paused; it runs until it is put to sleep",
    );
    isToldOf = kind;
    const { activity } = agent;
    if (activity.state === "paused" && activity.instance === instance)
      agent.move({ state: "running", instance }, { reason: "it could not be paused" });
  };

  return {
    pause(agent, instance) {
      if (!isWorthATry(instance)) return;
      const pausing = engine.pauseContainer(instance.container.id).then(
        () => void refusals.delete(instance),
        (error: unknown) => failed(agent, instance, error),
      );
      const reason = `unused for ${instance.version.manifest.pauseAfter} s`;
      agent.move({ state: "paused", instance, pausing }, { reason });
    },
  };
}

/**
 * Holds an agent against its container, which somebody may have paused or unpaused by hand. One with calls inside, or
 * that wait, goes on at once: they are for the agent to answer.
 */
export async function followPause(
  parts: StartParts & Pick<AgentParts, "engine">,
  agent: Agent,
  instance: Instance,
): Promise<void> {
  const before = agent.activity;
  if (before.state === "paused") await before.pausing;
  const container = await parts.engine.inspectContainer(instance.container.id);
  if (agent.activity !== before || container?.running !== true) return;
  if (before.state === "running" && container.paused) {
    const reason = "paused from outside the runner";
    agent.move({ state: "paused", instance, pausing: Promise.resolve() }, { reason });
    if (instance.inFlight > 0 || agent.queue.length > 0) wake(parts, agent, { reason: "calls are inside" });
  } else if (before.state === "paused" && !container.paused) {
    instance.touch();
    agent.move({ state: "running", instance }, { reason: "unpaused from outside the runner" });
  }
}
