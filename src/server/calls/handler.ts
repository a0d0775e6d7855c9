import type { createApp } from "../app.ts";
import { type InvokeContext, invoke } from "./invoke.ts";
import type { CallServer } from "./invoke-caller.ts";
import type { Route } from "../requests/route.ts";
import { markTaken } from "./taken-by.ts";

/** Where a request leads, and the server that took it. */
export type Arrival = Route & { server: CallServer };

/** Answers a request by its route. */
export type Handler = (request: Request, arrival: Arrival) => Promise<Response>;

/**
 * Elysia answers everything but `POST /invoke/{id}`, whose route is known before. Its search for the route and what it
 * makes for each request are a twelfth of an invoke's processor time.
 */
export function createHandler(
  app: Pick<ReturnType<typeof createApp>, "handle">,
  context: InvokeContext,
): Handler {
  return async (request, { route, agentId, server }) => {
    if (request.method === "POST" && route === "/invoke/{id}" && agentId !== undefined)
      return invoke(context, agentId, { request, server });
    markTaken(request, server);
    return app.handle(request);
  };
}
