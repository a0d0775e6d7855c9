import { Elysia } from "elysia";

import type { Deployment } from "../agents/deploy/deployment.ts";
import type { Clock } from "../lib/clock.ts";
import { traced } from "../tracing/span.ts";
import type { ServerContext } from "./context.ts";
import { locationOf, sseEvents, viewOf } from "./deployment-view.ts";
import { deployDocs } from "./openapi/deploy.ts";
import { spanOf } from "./requests/request-span.ts";
import { notAllowed } from "./requests/not-allowed.ts";
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
      const key = idempotencyKey(request);
      const span = spanOf(request);
      const received = await traced(span?.child("upload"), () => receiveUpload(request));
      span?.set({ "oken.agent.id": received.agentId, "oken.upload.size": received.bytes });
      const upload = { ...received, span };
      const { deployment, isReplay } =
        key === undefined
          ? { deployment: agents.deployments.start(upload), isReplay: false }
          : await agents.deployOnce(upload, key);
      return marked(await answerDeployment(deployment, { clock, request }), isReplay);
    },
    // Elysia would read the whole body into memory; ours is a stream.
    { parse: "none", detail: deployDocs },
  );
}

/** Tells a caller that this is the answer to an earlier request of its own. */
function marked(response: Response, isReplay: boolean): Response {
  if (isReplay) response.headers.set("Idempotent-Replayed", "true");
  return response;
}

/** In quotes, as the draft of the header's standard has it, or without, as most clients send it. */
function idempotencyKey({ headers }: Request): string | undefined {
  const given = headers.get("idempotency-key");
  if (given === null) return undefined;
  const key = given.replace(/^"(.*)"$/, "$1");
  if (/^[!-~]{1,255}$/.test(key)) return key;
  throw notAllowed("Idempotency-Key", given, "1 to 255 visible characters without spaces");
}

/** At once, as events, or when it has ended, as the caller wants it. */
export async function answerDeployment(
  deployment: Deployment,
  reader: { clock: Clock; request: Request },
): Promise<Response> {
  const { headers } = reader.request;
  if (/(^|,)\s*respond-async\s*(,|;|$)/i.test(headers.get("prefer") ?? "")) return accepted(deployment);
  if (headers.get("accept")?.includes("text/event-stream")) return watched(deployment, reader);
  return Response.json(await deployment.done);
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
