import { Elysia } from "elysia";

import { RunnerError } from "../lib/errors.ts";
import { quoted } from "../lib/text.ts";
import type { ServerContext } from "./context.ts";
import { sseEvents, viewOf } from "./deployment-view.ts";
import * as docs from "./openapi/deployments.ts";
import { sseResponse } from "./sse.ts";
import { notAllowed } from "./requests/not-allowed.ts";
import { queryOf } from "./requests/target.ts";

/** The deployments of an agent: their state, and their events, from any one on. */
export function deploymentsController({ agents, clock }: Pick<ServerContext, "agents" | "clock">) {
  const find = (params: { id: string; number: string }) =>
    agents.deployments.get(params.id, parseNumber(params.number));
  return new Elysia({ name: "deployments" })
    .get(
      "/agents/:id/deployments",
      async ({ params }) => ({ deployments: (await agents.deployments.list(params.id)).map(viewOf) }),
      {
        detail: docs.listDocs,
      },
    )
    .get(
      "/agents/:id/deployments/:number",
      async ({ params, request }) => {
        const deployment = await find(params);
        if (!request.headers.get("accept")?.includes("text/event-stream")) return viewOf(deployment);
        const after = lastEventId(request);
        return sseResponse({ clock, request }, (signal) => sseEvents(deployment.follow(after, signal)));
      },
      { detail: docs.showDocs },
    )
    .delete(
      "/agents/:id/deployments/:number",
      async ({ params }) => {
        const deployment = await find(params);
        await deployment.cancel();
        return viewOf(deployment);
      },
      { parse: "none", detail: docs.cancelDocs },
    );
}

function parseNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RunnerError("NOT_FOUND", `There is no deployment ${quoted(text)}: they are numbered from 1.`);
}

/** The id of the last event that the reader has, or 0. Browsers send the header; others may use `?after=`. */
function lastEventId(request: Request): number {
  const text = request.headers.get("last-event-id") ?? queryOf(request.url).get("after");
  if (text === null || text === "") return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw notAllowed("Last-Event-ID", text, "a whole number");
}
