import type { Wanted } from "../../agents/search.ts";
import { AGENT_STATES } from "../../model/agent.ts";
import { MAX_LISTED_AGENTS } from "../../model/api-agents.ts";
import { notAllowed } from "./not-allowed.ts";
import { queryOf } from "./target.ts";

/** Which agents the query of `GET /agents` asks for. Each parameter may be given again; a list of states too. */
export function wantedAgents(request: Request): Wanted {
  const query = queryOf(request.url);
  const states = query.getAll("state").flatMap((text) => text.split(","));
  const labels = query.getAll("label").flatMap((text) => text.split(","));
  return {
    states: states.length === 0 ? undefined : states.map(parseState),
    labels: labels.map(parseLabel),
    limit: parseLimit(query.get("limit")),
    cursor: query.get("cursor") ?? undefined,
  };
}

function parseState(text: string) {
  const state = AGENT_STATES.find((known) => known === text);
  if (state !== undefined) return state;
  throw notAllowed("state", text, `one of ${AGENT_STATES.join(", ")}`);
}

function parseLabel(text: string) {
  const [key = "", ...rest] = text.split("=");
  if (key === "") throw notAllowed("label", text, "a label's name, or name=value");
  return { key, value: rest.length === 0 ? undefined : rest.join("=") };
}

function parseLimit(text: string | null): number | undefined {
  if (text === null) return undefined;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LISTED_AGENTS) return limit;
  throw notAllowed("limit", text, `a whole number from 1 to ${MAX_LISTED_AGENTS}`);
}
