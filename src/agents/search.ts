import { RunnerError } from "../lib/errors.ts";
import { quoted } from "../lib/text.ts";
import type { AgentState } from "../model/agent.ts";
import type { Agent } from "./agent.ts";
import { summaryOf } from "./view.ts";

/** Which agents are wanted. Whoever says nothing gets all. */
export type Wanted = {
  /** Any of these states. */
  states?: readonly AgentState[] | undefined;
  /** All of these labels; without a value, any value. */
  labels?: readonly { key: string; value: string | undefined }[] | undefined;
  /** At most so many. */
  limit?: number | undefined;
  /** `next_cursor` of the answer before. */
  cursor?: string | undefined;
};

/** Without `next_cursor` there are no more. */
export type Found = { agents: ReturnType<typeof summaryOf>[]; next_cursor?: string };

/** @param agents in the order they were first deployed, which a cursor stands on */
export function findAgents(agents: readonly Agent[], { states, labels, limit, cursor }: Wanted): Found {
  const after = cursor === undefined ? undefined : placeOf(cursor);
  const matching = agents.filter(
    (agent) =>
      (after === undefined || keyOf(agent) > after) &&
      (states === undefined || states.includes(agent.state)) &&
      hasLabels(agent, labels ?? []),
  );
  const page = limit === undefined ? matching : matching.slice(0, limit);
  const last = page.at(-1);
  const isAll = last === undefined || page.length === matching.length;
  return { agents: page.map(summaryOf), ...(!isAll && { next_cursor: cursorOf(last) }) };
}

function hasLabels({ currentVersion }: Agent, wanted: NonNullable<Wanted["labels"]>): boolean {
  const labels = currentVersion.manifest.labels ?? {};
  return wanted.every(
    ({ key, value }) => Object.hasOwn(labels, key) && (value === undefined || labels[key] === value),
  );
}

/** As the registry orders them. */
function keyOf({ record, id }: Agent): string {
  return `${record.created_at} ${id}`;
}

function cursorOf(agent: Agent): string {
  return Buffer.from(keyOf(agent)).toString("base64url");
}

function placeOf(cursor: string): string {
  const place = Buffer.from(cursor, "base64url").toString();
  if (/^\d{4}-\S+Z [\w-]{1,128}$/.test(place)) return place;
  throw new RunnerError(
    "INVALID_REQUEST",
    `cursor is ${quoted(cursor)}, but must be the next_cursor of an answer.`,
  );
}
