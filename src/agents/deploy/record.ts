import { type Static, Type } from "@sinclair/typebox";

import { type ErrorCode, RunnerError } from "../../lib/errors.ts";
import type { Deployment, DeploymentEvent } from "./deployment.ts";
import type { Recorded } from "./event-log.ts";

type StoredEvent =
  | Exclude<DeploymentEvent, { type: "error" }>
  | { type: "error"; error: Pick<RunnerError, "message" | "status" | "details"> & { code: ErrorCode } };

/** `deployments/<agent>/<number>.json`: what is left of a deployment when the process that did it has ended. */
export const DeploymentRecord = Type.Object({
  schema: Type.Literal(1),
  agent_id: Type.String(),
  number: Type.Integer({ minimum: 1 }),
  /** `running` is written at the beginning: where it is still so, the runner ended before the deployment did. */
  state: Type.Union(
    (["running", "succeeded", "failed", "cancelled"] as const).map((state) => Type.Literal(state)),
  ),
  /** Wall clock, milliseconds. */
  created_at: Type.Number(),
  finished_at: Type.Optional(Type.Number()),
  events: Type.Array(Type.Object({ id: Type.Integer(), event: Type.Unsafe<StoredEvent>(Type.Object({})) })),
});
export type DeploymentRecord = Static<typeof DeploymentRecord>;

export function toRecord(deployment: Deployment): DeploymentRecord {
  const { agentId, number, state, createdAt, finishedAt } = deployment;
  return {
    schema: 1,
    agent_id: agentId,
    number,
    state,
    created_at: createdAt,
    ...(finishedAt === undefined ? {} : { finished_at: finishedAt }),
    events: deployment.events().map(({ id, event }) => ({ id, event: toStored(event) })),
  };
}

/** A deployment of an earlier process. It has ended, and so can be read but not cancelled. */
export function fromRecord(record: DeploymentRecord): Deployment {
  const wasCutOff = record.state === "running";
  const events = record.events.map(({ id, event }): Recorded<DeploymentEvent> => ({
    id,
    event: toEvent(event),
  }));
  if (wasCutOff) events.push({ id: (events.at(-1)?.id ?? 0) + 1, event: { type: "error", error: cutOff() } });
  const done = outcomeOf(events);
  done.catch(() => undefined);
  return {
    agentId: record.agent_id,
    number: record.number,
    createdAt: record.created_at,
    state: wasCutOff ? "failed" : record.state,
    finishedAt: record.finished_at,
    done,
    events: () => events,
    async *follow(after) {
      yield* events.filter(({ id }) => id > after);
    },
    cancel: () => Promise.resolve(),
  };
}

async function outcomeOf(events: readonly Recorded<DeploymentEvent>[]) {
  const last = events.at(-1)?.event;
  if (last?.type === "result") return last.result;
  throw last?.type === "error" ? last.error : cutOff();
}

function cutOff(): RunnerError {
  return new RunnerError(
    "INTERNAL",
    "The runner ended during this deployment. What served before it serves on; deploy again.",
  );
}

function toStored(event: DeploymentEvent): StoredEvent {
  if (event.type !== "error") return event;
  const { code, message, status, details } = event.error;
  return { type: "error", error: { code, message, status, details } };
}

function toEvent(event: StoredEvent): DeploymentEvent {
  if (event.type !== "error") return event;
  const { code, message, status, details } = event.error;
  const error = new RunnerError(code, message, { status, ...(details === undefined ? {} : { details }) });
  return { type: "error", error };
}
