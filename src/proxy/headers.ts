/**
 * Headers that belong to one connection and must not be passed on (RFC 9110 section 7.6.1), and `Expect`, which Bun has
 * answered already.
 */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
];

/** Removes what must not be passed on, in place: copying headers costs a third of the proxy's time per request. */
export function stripHopByHop(headers: Headers): void {
  const named = headers.get("connection");
  if (named !== null) for (const name of named.split(",")) deleteNamed(headers, name.trim());
  for (const name of HOP_BY_HOP) headers.delete(name);
}

/** A client may name any header in `Connection`; what is no header name is passed over. */
function deleteNamed(headers: Headers, name: string): void {
  if (TOKEN.test(name)) headers.delete(name);
}

/** A name of a header or a subprotocol (RFC 9110 section 5.6.2). */
export const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** What two ends of one connection agree on in a WebSocket handshake (RFC 6455 section 11.3); each side has its own. */
const HANDSHAKE = [
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
];

/** Whether the request asks for a WebSocket; any other upgrade is passed over, as a server may, and one with a body. */
export function isWebSocketUpgrade({ method, headers }: Request): boolean {
  return (
    method === "GET" && headers.get("upgrade")?.trim().toLowerCase() === "websocket" && !hasBody(headers)
  );
}

function hasBody(headers: Headers): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0;
}

/** The subprotocols that a caller offers, in its order of preference. */
export function offeredProtocols(headers: Headers): string[] {
  const offered = headers.get("sec-websocket-protocol")?.split(",") ?? [];
  return [...new Set(offered.map((name) => name.trim()).filter((name) => name !== ""))];
}

/** A copy of what a handshake carries from end to end: cookies, the origin, `traceparent` and the like. */
export function endToEndHeaders(headers: Iterable<[string, string]>): Headers {
  const kept = new Headers();
  for (const [name, value] of headers) kept.append(name, value);
  stripHopByHop(kept);
  for (const name of HANDSHAKE) kept.delete(name);
  return kept;
}
