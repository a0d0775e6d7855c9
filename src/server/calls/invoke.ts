import { Elysia } from "elysia";

import type { Agent } from "../../agents/agent.ts";
import { RunnerError } from "../../lib/errors.ts";
import { forward } from "../../proxy/forward.ts";
import { isWebSocketUpgrade, stripConnection } from "../../proxy/headers.ts";
import type { ServerContext } from "../context.ts";
import { errorBody } from "../errors.ts";
import { type Call, type CallServer, introduce } from "./invoke-caller.ts";
import { arrivingBody } from "./invoke-body.ts";
import { invokeFailure } from "./invoke-failure.ts";
import { type SocketContext, openSocket } from "./invoke-socket.ts";
import { unknownParameter } from "../requests/known-query.ts";
import { unlessRefused } from "./refused.ts";
import { type OpenAnswer, openAnswer } from "../open-answer.ts";
import { invokeDocs } from "../openapi/invoke.ts";
import { requireFits, requireReadable } from "../requests/request-body.ts";
import { type Slot, entrypointType, withSlot } from "./slot.ts";
import { takenBy } from "./taken-by.ts";
import { pathOf, queryOf, targetOf } from "../requests/target.ts";

export type InvokeContext = SocketContext & Pick<ServerContext, "client">;

export function invokeController(context: InvokeContext) {
  return new Elysia({ name: "invoke" })
    .post(
      "/invoke/:id",
      ({ params, request, server }) => invoke(context, params.id, incomingOf(request, server)),
      {
        parse: "none",
        detail: invokeDocs,
      },
    )
    .all(
      "/invoke/:id/*",
      ({ params, request, server }) => passThrough(context, params.id, incomingOf(request, server)),
      {
        parse: "none",
        detail: { hide: true },
      },
    );
}

export type Incoming = { request: Request; server: CallServer | null };

/** @param only the one that Elysia knows, where nobody said which took the request */
function incomingOf(request: Request, only: CallServer | null): Incoming {
  return { request, server: takenBy(request) ?? only };
}

/** Asks `POST /invoke` of the agent. Any answer but a 2xx becomes INVOKE_FAILED. */
export async function invoke(context: InvokeContext, id: string, incoming: Incoming): Promise<Response> {
  const agent = context.agents.find(id);
  const { request } = incoming;
  // Elysia takes `/invoke/{id}/` for this route too, but it is the root of an agent that has paths.
  if (entrypointType(agent) === "http" && pathOf(request.url).endsWith("/"))
    return passThrough(context, id, incoming);
  requireNoQuery(request);
  requireFits(request, context.settings.maxInvokeBytes);
  stripConnection(request.headers);
  const call: Call = { agent, ...incoming, path: "/invoke", isPrefixItself: true };
  call.receiveBody = receiver(context, call, { mayConverse: false });
  return withSlot(context, call, async (slot) => {
    const response = await exchange(context, slot, call);
    return response.ok ? response : invokeFailure(agent, response);
  });
}

/** Passes the request on to `/{path}` of an `http` agent's own server, WebSockets included. */
function passThrough(context: InvokeContext, id: string, incoming: Incoming): Promise<Response> {
  const agent = context.agents.find(id);
  requireHttp(agent);
  const { request, server } = incoming;
  requireFits(request, context.settings.maxInvokeBytes);
  requireReadable(request);
  const call: Call = { agent, ...incoming, path: pathBelow(request.url), isPrefixItself: false };
  if (server !== null && isWebSocketUpgrade(request)) return openSocket(context, { ...call, server });
  stripConnection(request.headers);
  call.receiveBody = receiver(context, call, { mayConverse: true });
  return withSlot(context, call, async (slot) => {
    const response = await exchange(context, slot, call);
    // The deadline is for the answer's head; the body may take any time.
    slot.openEnded();
    return response;
  });
}

function receiver(
  { settings, clock }: InvokeContext,
  call: Call,
  { mayConverse }: { mayConverse: boolean },
): () => Promise<void> {
  return async () => {
    const { request } = call;
    call.body = await arrivingBody(request, { maxBytes: settings.maxInvokeBytes, clock, mayConverse }).catch(
      (error: unknown) => {
        // A caller who has left is no failure of its body.
        request.signal.throwIfAborted();
        throw error;
      },
    );
  };
}

async function exchange(
  { front, callers, client, clock }: InvokeContext,
  slot: Slot,
  call: Call,
): Promise<Response> {
  const { request, path } = call;
  const { instance, signal, release } = slot;
  const mapAnswer = (call.mapAnswer ??= introduce(request.headers, call, { front, callers, instance }));
  const { method, headers } = request;
  const response = await forward({
    client,
    request: { method, target: path, headers, body: call.body ?? { kind: "none" } },
    origin: instance.origin,
    signal,
    // Our runtime's servers never close an idle connection first. The agent's own may.
    keptFor: instance.version.entrypoint.mode === "object" ? instance : undefined,
    onDone: ending(openAnswer(request), release),
    lastWords: instance.version.entrypoint.type === "http" ? undefined : { clock, explain: explainer(slot) },
  });
  mapAnswer(response.headers, instance.origin);
  return unlessRefused(response, instance);
}

/** Apart from the rest: a stream that is open for days holds what is in the scope of this, and so not its call. */
function ending(answer: OpenAnswer, release: Slot["release"]): (error?: unknown) => void {
  return (error) => {
    release(error);
    answer.end();
  };
}

/** Says in an error's body why the slot's instance did not finish its answer. */
function explainer({ whyFailed }: Slot) {
  return async (error: unknown) => {
    const cause = await whyFailed(error);
    return cause && JSON.stringify(errorBody(cause));
  };
}

function requireHttp(agent: Agent): void {
  const type = entrypointType(agent);
  if (type === "http") return;
  throw new RunnerError(
    "NOT_FOUND",
    `Agent ${agent.id} is a ${type} agent and has no paths of its own: POST /invoke/${agent.id}.`,
  );
}

/** It would reach nobody: the agent gets the body alone. */
function requireNoQuery({ url }: Request): void {
  if (!url.includes("?")) return;
  const [name] = queryOf(url).keys();
  if (name !== undefined) throw unknownParameter(name, []);
}

/** The target after `/invoke/{id}`, not decoded: the agent must see what was sent. */
function pathBelow(url: string): string {
  const target = targetOf(url);
  return target.slice(target.indexOf("/", "/invoke/".length));
}
