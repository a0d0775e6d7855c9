import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { AgentState } from "../model/agent.ts";

/**
 * The legal moves. `running` to `running` is a redeploy's flip; `error` is left by a start, a deploy or a stop.
 */
const MOVES: Record<AgentState, readonly AgentState[]> = {
  building: ["starting", "stopped", "error"],
  starting: ["running", "idle", "stopped", "error"],
  running: ["running", "paused", "idle", "stopped", "error"],
  paused: ["running", "idle", "stopped", "error"],
  idle: ["starting", "running", "stopped", "error"],
  stopped: ["starting", "running", "error"],
  error: ["starting", "running", "stopped"],
};

/**
 * Moves the agent to `to`, says so in the log and counts it: the only place where a state changes. Throws on an illegal
 * move.
 */
export function moveTo(
  agent: { readonly id: string; state: AgentState },
  to: AgentState,
  options: { log: Log; metrics: Metrics; reason: string },
): void {
  const from = agent.state;
  if (!MOVES[from].includes(to))
    throw new Error(`agent ${agent.id} cannot go from ${from} to ${to}: ${options.reason}`);
  agent.state = to;
  options.metrics.stateChanges.inc({ from, to });
  options.log.info({ agent_id: agent.id, from, to, reason: options.reason }, "agent state");
}
