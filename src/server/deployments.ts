import { Elysia } from "elysia";

import type { Deployment } from "../agents/deploy/deployments.ts";
import { RunnerError } from "../lib/errors.ts";
import type { ServerContext } from "./context.ts";
import { sseEvents, viewOf } from "./deployment-view.ts";
import * as docs from "./openapi/deployments.ts";
import { sseResponse } from "./sse.ts";

/** What became of an agent's deploys: their state, and their log, replayed from any event and followed. */
export function deploymentsController({ agents }: ServerContext) {
  const find = (params: { id: string; number: string }) =>
    agents.deployments.get(params.id, parseNumber(params.number));
  return new Elysia({ name: "deployments" })
    .get(
      "/agents/:id/deployments",
      ({ params }) => ({ deployments: agents.deployments.list(params.id).map(viewOf) }),
      {
        detail: docs.listDocs,
      },
    )
    .get(
      "/agents/:id/deployments/:number",
      ({ params, request }) => {
        const deployment = find(params);
        const isStream = request.headers.get("accept")?.includes("text/event-stream") ?? false;
        return isStream ? replayed(deployment, request) : viewOf(deployment);
      },
      { detail: docs.showDocs },
    )
    .delete(
      "/agents/:id/deployments/:number",
      async ({ params }) => {
        const deployment = find(params);
        await deployment.cancel();
        return viewOf(deployment);
      },
      { parse: "none", detail: docs.cancelDocs },
    );
}

function replayed(deployment: Deployment, request: Request): Response {
  const after = parseEventId(
    request.headers.get("last-event-id") ?? new URL(request.url).searchParams.get("after"),
  );
  const ended = new AbortController();
  const events = deployment.follow(after, AbortSignal.any([request.signal, ended.signal]));
  return sseResponse(sseEvents(events), { onEnd: () => ended.abort() });
}

function parseNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RunnerError(
    "NOT_FOUND",
    `There is no deployment ${JSON.stringify(text.slice(0, 40))}: they are numbered from 1.`,
  );
}

function parseEventId(text: string | null): number {
  if (text === null || text === "") return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new RunnerError(
    "INVALID_REQUEST",
    `Last-Event-ID is ${JSON.stringify(text.slice(0, 40))}, but must be a whole number.`,
  );
}
