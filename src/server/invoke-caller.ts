import type { Server } from "bun";

import type { Agent, Instance } from "../agents/agent.ts";
import { type Front, dropForwarded, isBelieved, setForwarded } from "../proxy/forwarded.ts";
import { type Mount, mapBelowPrefix } from "../proxy/prefix.ts";
import type { Tunnel } from "../proxy/tunnel.ts";

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
};

/**
 * Prepares `headers`, those of the call or a copy, for the agent: an `http` agent is told its caller and its address.
 * The result brings the headers of its answer below that address.
 */
export function introduce(
  headers: Headers,
  { agent, request, server, isPrefixItself }: Call,
  { front, instance }: { front: Front; instance: Instance },
): (answer: Headers) => void {
  // Bun takes microseconds to tell it, which a handler pays only where it matters.
  const peerOf = () => server?.requestIP(request)?.address;
  if (instance.version.entrypoint.type !== "http") {
    if (!front.trustsAnyone || !isBelieved(peerOf(), front)) dropForwarded(headers);
    return () => undefined;
  }
  const mount: Mount = {
    outside: setForwarded(headers, { peer: peerOf(), path: `/invoke/${agent.id}`, front }),
    origin: instance.origin,
    isPrefixItself,
  };
  return (answer) => mapBelowPrefix(answer, mount);
}
