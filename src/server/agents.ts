import { Elysia } from "elysia";

import { AgentDetail, AgentList, AgentVersions } from "../model/api-agents.ts";
import { StopResponse } from "../model/api.ts";
import { wantedAgents } from "./requests/agents-query.ts";
import type { ServerContext } from "./context.ts";
import * as docs from "./openapi/agents.ts";
import { spanOf } from "./requests/request-span.ts";
import { readRollback } from "./requests/rollback-body.ts";

export function agentsController({ agents, clock }: Pick<ServerContext, "agents" | "clock">) {
  return new Elysia({ name: "agents" })
    .get("/agents", ({ request }) => agents.list(wantedAgents(request)), {
      response: AgentList,
      detail: docs.listDocs,
    })
    .get("/agents/:id", ({ params }) => agents.detail(params.id), {
      response: AgentDetail,
      detail: docs.detailDocs,
    })
    .get("/agents/:id/versions", ({ params }) => ({ versions: agents.versions(params.id) }), {
      response: AgentVersions,
      detail: docs.versionsDocs,
    })
    .delete(
      "/agents/:id",
      async ({ params }) => {
        await agents.remove(params.id);
        return new Response(null, { status: 204 });
      },
      { parse: "none", detail: docs.removeDocs },
    )
    .post(
      "/stop/:id",
      async ({ params }) => {
        await agents.stop(params.id);
        return { agent_id: params.id, status: "stopped" as const };
      },
      { parse: "none", response: StopResponse, detail: docs.stopDocs },
    )
    .post("/start/:id", ({ params, request }) => agents.start(params.id, spanOf(request)), {
      parse: "none",
      response: AgentDetail,
      detail: docs.startDocs,
    })
    .post(
      "/rollback/:id",
      async ({ params, request }) =>
        agents.rollback(params.id, {
          version: await readRollback(request, clock),
          span: spanOf(request),
        }),
      { parse: "none", response: AgentDetail, detail: docs.rollbackDocs },
    );
}
