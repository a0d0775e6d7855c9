import { Elysia } from "elysia";

import { AgentStats, HostReport, StatsList } from "../model/api-stats.ts";
import type { ServerContext } from "./context.ts";
import * as docs from "./openapi/stats.ts";
import { notAllowed } from "./requests/not-allowed.ts";
import { queryOf } from "./requests/target.ts";

/** What agents and the host do now, and in the last hour. */
export function statsController({ agents, host }: Pick<ServerContext, "agents" | "host">) {
  return new Elysia({ name: "stats" })
    .get("/stats", ({ request }) => agents.stats({ history: wantsHistory(request) }), {
      response: StatsList,
      detail: docs.statsDocs,
    })
    .get("/agents/:id/stats", ({ params }) => agents.statsOf(params.id), {
      response: AgentStats,
      detail: docs.agentStatsDocs,
    })
    .get("/host", () => host(), { response: HostReport, detail: docs.hostDocs });
}

function wantsHistory(request: Request): boolean {
  const text = queryOf(request.url).get("history");
  if (text === null || text === "" || text === "false") return false;
  if (text === "true") return true;
  throw notAllowed("history", text, "true or false");
}
