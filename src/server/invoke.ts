import { Elysia } from "elysia";

import { RunnerError } from "../lib/errors.ts";
import { forward } from "../proxy/forward.ts";
import { isWebSocketUpgrade } from "../proxy/headers.ts";
import { invokeFailure } from "./invoke-failure.ts";
import { type SocketContext, type Upgrader, openSocket } from "./invoke-socket.ts";
import { invokeDocs } from "./openapi/invoke.ts";
import { type Slot, type SlotContext, entrypointType, withSlot } from "./slot.ts";

export function invokeController(context: SocketContext) {
  return new Elysia({ name: "invoke" })
    .post("/invoke/:id", ({ params, request }) => invoke(context, params.id, request), {
      parse: "none",
      detail: invokeDocs,
    })
    .all(
      "/invoke/:id/*",
      ({ params, request, server }) => passThrough(context, params.id, { request, server }),
      { parse: "none", detail: { hide: true } },
    );
}

/** Asks `POST /invoke` of the agent. Any answer but a 2xx becomes INVOKE_FAILED. */
async function invoke(context: SlotContext, id: string, request: Request): Promise<Response> {
  const agent = context.agents.find(id);
  requireFits(request, context.settings.maxInvokeBytes);
  return withSlot(context, { agent, request }, async (slot) => {
    const response = await exchange(context, slot, { request, path: "/invoke" });
    return response.ok ? response : invokeFailure(agent, response);
  });
}

/** Passes the request on to `/{path}` of an `http` agent's own server, WebSockets included. */
function passThrough(
  context: SocketContext,
  id: string,
  { request, server }: { request: Request; server: Upgrader | null },
): Promise<Response> {
  const agent = context.agents.find(id);
  const type = entrypointType(agent);
  if (type !== "http") {
    throw new RunnerError(
      "NOT_FOUND",
      `Agent ${id} is a ${type} agent and has no paths of its own: POST /invoke/${id}.`,
    );
  }
  const path = pathBelow(request.url, id);
  if (server !== null && isWebSocketUpgrade(request))
    return openSocket(context, agent, { request, path, server });
  return withSlot(context, { agent, request }, async (slot) => {
    const response = await exchange(context, slot, { request, path });
    // The deadline is for the answer's head; the body may take any time.
    slot.openEnded();
    return response;
  });
}

type Exchange = {
  request: Request;
  /** Path and query on the agent's server. */
  path: string;
};

function exchange(
  { settings }: SlotContext,
  { instance, signal, release }: Slot,
  { request, path }: Exchange,
): Promise<Response> {
  if (settings.apiToken !== undefined) request.headers.delete("authorization");
  return forward({
    request,
    url: instance.origin + path,
    signal,
    // Our runtime's servers never close an idle connection first. The agent's own may.
    keepAlive: instance.version.entrypoint.mode === "object",
    onDone: release,
  });
}

function requireFits(request: Request, maxBytes: number): void {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (length > maxBytes)
    throw new RunnerError("INVALID_REQUEST", `The body has ${length} bytes, the limit is ${maxBytes}.`, {
      status: 413,
      details: { limit: maxBytes },
    });
}

/** The part of the URL after `/invoke/{id}`, not decoded: the agent must see what was sent. */
function pathBelow(url: string, id: string): string {
  const { pathname, search } = new URL(url);
  const start = pathname.indexOf("/", "/invoke/".length);
  if (start === -1) throw new RunnerError("NOT_FOUND", `There is nothing at ${pathname} of agent ${id}.`);
  return pathname.slice(start) + search;
}
