import { Elysia } from "elysia";

import type { Deployment } from "../agents/deploy/deployments.ts";
import type { ServerContext } from "./context.ts";
import { locationOf, sseEvents, viewOf } from "./deployment-view.ts";
import { deployDocs } from "./openapi/deploy.ts";
import { sseResponse } from "./sse.ts";

/**
 * `POST /deploy`: answers once the new version serves; as it goes, with `Accept: text/event-stream`; or at once, with
 * `Prefer: respond-async` (RFC 7240). A caller who leaves after the upload does not cancel it.
 */
export function deployController(context: ServerContext) {
  return new Elysia({ name: "deploy" }).post(
    "/deploy",
    async ({ request }) => {
      // Received before anything is answered, so that a wrong form has its status.
      const deployment = context.agents.deployments.start(await context.receiveUpload(request));
      if (/(^|,)\s*respond-async\s*(,|;|$)/i.test(request.headers.get("prefer") ?? ""))
        return accepted(deployment);
      if (request.headers.get("accept")?.includes("text/event-stream")) return watched(deployment, request);
      return deployment.done;
    },
    // The body is read as a stream, by a parser that keeps it out of the memory.
    { parse: "none", detail: deployDocs },
  );
}

function accepted(deployment: Deployment): Response {
  return Response.json(viewOf(deployment), {
    status: 202,
    headers: { Location: locationOf(deployment), "Preference-Applied": "respond-async" },
  });
}

function watched(deployment: Deployment, request: Request): Response {
  const ended = new AbortController();
  const events = deployment.follow(0, AbortSignal.any([request.signal, ended.signal]));
  const response = sseResponse(sseEvents(events), { onEnd: () => ended.abort() });
  response.headers.set("Content-Location", locationOf(deployment));
  return response;
}
