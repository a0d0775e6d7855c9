import type { CallFigures } from "../../model/stats.ts";
import type { Agent } from "../agent.ts";

/** How long the figures of "now" look back, seconds. */
export const WINDOW_SECONDS = 60;

/** What an agent does, for lists. */
export function figuresOf(agent: Agent, now: number) {
  return {
    agent_id: agent.id,
    ...perSecond(agent.load.lastMinute(now)),
    memory_bytes: agent.load.memoryBytes ?? null,
    in_flight: inFlightOf(agent),
    open_streams: agent.openCalls.count,
    queued: agent.queue.length,
  };
}

/** The same, with the requests and errors of each minute of the last hour. */
export function figuresWithHistory(agent: Agent, now: number) {
  const hour = agent.load.lastHour(now);
  return {
    ...figuresOf(agent, now),
    requests_by_minute: hour.map(({ requests }) => requests),
    errors_by_minute: hour.map(({ errors }) => errors),
  };
}

/** All that is known of one agent's load. */
export function statsOf(agent: Agent, now: number) {
  return {
    window_seconds: WINDOW_SECONDS,
    ...figuresOf(agent, now),
    minutes: agent.load.lastHour(now),
    streams: agent.openCalls.named(),
  };
}

function perSecond({ requests, errors, p50_ms, p99_ms }: CallFigures) {
  return {
    requests_per_second: Number((requests / WINDOW_SECONDS).toPrecision(3)),
    requests,
    errors,
    p50_ms,
    p99_ms,
  };
}

function inFlightOf(agent: Agent): number {
  return agent.instances().reduce((sum, { inFlight }) => sum + inFlight, 0);
}
