import type { Server } from "bun";

import type { Agent, Instance } from "../../agents/agent.ts";
import type { OutgoingBody } from "../../proxy/http1/request.ts";
import { type Front, dropForwarded, isBelieved, setForwarded } from "../../proxy/forwarded.ts";
import { mapBelowPrefix } from "../../proxy/prefix.ts";
import type { Tunnel } from "../../proxy/tunnel.ts";
import type { Callers } from "../callers/callers.ts";

/** What an invoke asks of the server that took its request. */
export type CallServer = Pick<Server<Tunnel>, "upgrade" | "requestIP">;

export type Call = {
  agent: Agent;
  request: Request;
  server: CallServer | null;
  /** Path and query on the agent's server. */
  path: string;
  /** Whether the caller asked for `/invoke/{id}` and nothing below it. */
  isPrefixItself: boolean;
  /** The body, once it is on its way or was read whole: a second attempt sends the same. */
  body?: OutgoingBody;
  /** Waits for the body, before the call takes a slot. */
  receiveBody?: () => Promise<void>;
  /** What `introduce` gave for the headers of the request. It reads what the caller said, and so does it once. */
  mapAnswer?: MapAnswer;
};

/** Brings the headers of an answer from this origin below the agent's address. */
export type MapAnswer = (answer: Headers, origin: string) => void;

/**
 * Prepares `headers`, those of the call or a copy, for the agent: an `http` agent is told its caller and its address.
 * The result is for the headers of its answer.
 */
export function introduce(
  headers: Headers,
  { agent, request, server, path, isPrefixItself }: Call,
  { front, callers, instance }: { front: Front; callers: Pick<Callers, "ownOrigin">; instance: Instance },
): MapAnswer {
  // Bun takes microseconds to tell it, which a handler pays only where it matters.
  const peerOf = () => server?.requestIP(request)?.address;
  if (instance.version.entrypoint.type !== "http") {
    if (!front.trustsAnyone || !isBelieved(peerOf(), front)) dropForwarded(headers);
    return () => undefined;
  }
  const peer = peerOf();
  const ownOrigin = callers.ownOrigin(request);
  const outside =
    ownOrigin === undefined
      ? setForwarded(headers, { peer, path: `/invoke/${agent.id}`, front })
      : setForwarded(headers, { peer, path: "", front: { ...front, publicUrl: ownOrigin } });
  return (answer, origin) =>
    mapBelowPrefix(answer, { outside, origin, path: isPrefixItself ? "" : path, isPrefixItself });
}
