import { Elysia } from "elysia";

import type { Deployment } from "../agents/deploy/deployments.ts";
import type { Clock } from "../lib/clock.ts";
import type { ServerContext } from "./context.ts";
import { locationOf, sseEvents, viewOf } from "./deployment-view.ts";
import { deployDocs } from "./openapi/deploy.ts";
import { sseResponse } from "./sse.ts";

/**
 * `POST /deploy` answers once the new version serves. With `Accept: text/event-stream` it streams events until then;
 * with `Prefer: respond-async` (RFC 7240) it answers at once. The deploy goes on when the caller leaves.
 */
export function deployController({
  agents,
  clock,
  receiveUpload,
}: Pick<ServerContext, "agents" | "clock" | "receiveUpload">) {
  return new Elysia({ name: "deploy" }).post(
    "/deploy",
    async ({ request }) => {
      // The form is read first, so that a wrong one is answered with its own status.
      const deployment = agents.deployments.start(await receiveUpload(request));
      if (/(^|,)\s*respond-async\s*(,|;|$)/i.test(request.headers.get("prefer") ?? ""))
        return accepted(deployment);
      if (request.headers.get("accept")?.includes("text/event-stream"))
        return watched(deployment, { clock, request });
      return deployment.done;
    },
    // Elysia would read the whole body into memory; ours is a stream.
    { parse: "none", detail: deployDocs },
  );
}

function accepted(deployment: Deployment): Response {
  return Response.json(viewOf(deployment), {
    status: 202,
    headers: { Location: locationOf(deployment), "Preference-Applied": "respond-async" },
  });
}

function watched(deployment: Deployment, reader: { clock: Clock; request: Request }): Response {
  const response = sseResponse(reader, (signal) => sseEvents(deployment.follow(0, signal)));
  response.headers.set("Content-Location", locationOf(deployment));
  return response;
}
