import type { Agent, CutOff, Instance } from "../../agents/agent.ts";
import { endError } from "../../agents/ending/end-cause.ts";
import { RunnerError } from "../../lib/errors.ts";
import { relay } from "../../proxy/relay.ts";
import { TOKEN, offeredProtocols, stripConnection } from "../../proxy/headers.ts";
import { ABNORMAL, type Tunnel } from "../../proxy/tunnel.ts";
import { connect } from "../../proxy/websocket.ts";
import type { ServerContext } from "../context.ts";
import { type Call, type CallServer, introduce } from "./invoke-caller.ts";
import { unlessRefused } from "./refused.ts";
import { REQUEST_ID_HEADER } from "../requests/request-id.ts";
import { spanOf } from "../requests/request-span.ts";
import { type Slot, type SlotContext, withSlot } from "./slot.ts";

export type SocketContext = SlotContext & Pick<ServerContext, "log" | "front" | "callers">;

/** 16 bytes in base64 (RFC 6455 section 4.1). */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Close codes when the instance ends: Service Restart for a newer version, Going Away for a stop. */
const CUT_OFF: Record<CutOff, [code: number, reason: string]> = {
  replaced: [1012, "A newer version of the agent was deployed."],
  stopped: [1001, "The agent was stopped."],
};

/**
 * Connects the caller with a WebSocket of an `http` agent. It takes a slot while it is open. The agent answers the
 * handshake first: the caller gets its refusal, or its headers and subprotocol.
 */
export function openSocket(context: SocketContext, call: Call & { server: CallServer }): Promise<Response> {
  const { agent, request, path, server } = call;
  requireHandshake(request.headers);
  return withSlot(context, call, async (slot) => {
    const { instance, signal, openEnded, release } = slot;
    const headers = new Headers(request.headers);
    stripConnection(headers);
    const mapAnswer = introduce(headers, call, { ...context, instance });
    const answer = await connect({
      url: instance.origin.replace("http:", "ws:") + path,
      headers,
      signal,
      maxMessageBytes: context.settings.maxInvokeBytes,
      explain: () => explain(context, agent, instance),
    });
    if (answer instanceof Response) {
      const refusal = await unlessRefused(await relay(answer, release), instance);
      mapAnswer(refusal.headers, instance.origin);
      openEnded();
      return refusal;
    }
    openEnded();
    const { tunnel } = answer;
    mapAnswer(answer.headers, instance.origin);
    const requestId = request.headers.get(REQUEST_ID_HEADER) ?? "";
    answer.headers.set(REQUEST_ID_HEADER, requestId);
    void keepOpen(context, { agent, slot, requestId, traceId: spanOf(request)?.traceId, tunnel });
    const isThere = server.upgrade(request, { headers: answer.headers, data: tunnel });
    if (!isThere) tunnel.closed(ABNORMAL, "");
    return new Response(null, { status: 101 });
  });
}

type OpenSocket = {
  agent: Agent;
  slot: Slot;
  requestId: string;
  traceId: string | undefined;
  tunnel: Tunnel;
};

/** Holds the slot until the agent's side has closed. Closes the WebSocket when the instance ends first. */
async function keepOpen(
  { clock, log, metrics }: SocketContext,
  { agent, slot, requestId, traceId, tunnel }: OpenSocket,
): Promise<void> {
  const openedAt = clock.monotonic();
  const { instance } = slot;
  const forgetCutOff = instance.onCutOff((why) => tunnel.end(...CUT_OFF[why]));
  const forgetEnd = instance.onEnd((cause) => tunnel.breakOff(endError(agent.id, instance, cause).message));
  const { by, code } = await tunnel.ended;
  forgetCutOff();
  forgetEnd();
  slot.release();
  metrics.webSockets.inc({ closed_by: by });
  const ms = Math.round(clock.monotonic() - openedAt);
  const ids = { request_id: requestId, trace_id: traceId, agent_id: agent.id };
  log.info({ ...ids, by, code, ms }, "websocket closed");
}

async function explain({ agents }: SocketContext, agent: Agent, instance: Instance): Promise<string> {
  const cause = await agents.whyEnded(agent, instance);
  return cause?.message ?? `Agent ${agent.id} closed the connection.`;
}

function requireHandshake(headers: Headers): void {
  if (
    headers.get("sec-websocket-version")?.trim() !== "13" ||
    !KEY.test(headers.get("sec-websocket-key") ?? "")
  )
    throw new RunnerError(
      "INVALID_REQUEST",
      "The WebSocket handshake needs `Sec-WebSocket-Version: 13` and a `Sec-WebSocket-Key` of 16 bytes in base64.",
      { headers: { "Sec-WebSocket-Version": "13" } },
    );
  const wrong = offeredProtocols(headers).find((name) => !TOKEN.test(name));
  if (wrong !== undefined)
    throw new RunnerError(
      "INVALID_REQUEST",
      `Sec-WebSocket-Protocol offers ${JSON.stringify(wrong.slice(0, 100))}, but a subprotocol has letters, digits and !#$%&'*+.^_\`|~- only.`,
    );
}
