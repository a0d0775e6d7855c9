import type { Deployment, DeploymentEvent } from "../agents/deploy/deployment.ts";
import type { Recorded } from "../agents/deploy/event-log.ts";
import { errorBody } from "./errors.ts";
import type { SseEvent } from "./sse.ts";

/** A deployment as `GET /agents/{id}/deployments/{number}` answers it. */
export function viewOf(deployment: Deployment) {
  const recorded = deployment.events();
  const events = recorded.map(({ event }) => event);
  const result = events.find((event) => event.type === "result");
  const failure = events.find((event) => event.type === "error");
  return {
    agent_id: deployment.agentId,
    deployment: deployment.number,
    state: deployment.state,
    created_at: isoOf(deployment.createdAt),
    finished_at: deployment.finishedAt === undefined ? null : isoOf(deployment.finishedAt),
    phases: events.flatMap((event) => (event.type === "phase" ? [event.phase] : [])),
    warnings: events.flatMap((event) => (event.type === "warning" ? [event.message] : [])),
    log: events.flatMap((event) => (event.type === "log" ? [event.line] : [])),
    last_event_id: recorded.at(-1)?.id ?? 0,
    result: result === undefined ? null : result.result,
    error: failure === undefined ? null : errorBody(failure.error),
  };
}

export function locationOf({ agentId, number }: Deployment): string {
  return `/agents/${agentId}/deployments/${number}`;
}

/** A deploy's events as they are streamed: `phase`, `log` and `warning`, then one `result` or `error`. */
export async function* sseEvents(events: AsyncIterable<Recorded<DeploymentEvent>>): AsyncGenerator<SseEvent> {
  for await (const { id, event } of events)
    yield { id, event: nameOf(event), data: JSON.stringify(dataOf(event)) };
}

/** Steps of the build are part of its log. */
function nameOf(event: DeploymentEvent): string {
  return event.type === "step" ? "log" : event.type;
}

function dataOf(event: DeploymentEvent): object {
  if (event.type === "result") return event.result;
  if (event.type === "error") return errorBody(event.error);
  const { type, ...data } = event;
  return type === "step" ? { step: data } : data;
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
