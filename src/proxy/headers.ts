/**
 * Headers that belong to one connection and must not be passed on (RFC 9110 section 7.6.1), and `Expect`, which Bun
 * answers itself.
 */
const HOP_BY_HOP = [
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

const IS_HOP_BY_HOP: ReadonlySet<string> = new Set(["connection", ...HOP_BY_HOP]);

/** The headers of an answer that may be passed on. Names are in lower case. */
export function endToEndPairs(headers: [name: string, value: string][]): [string, string][] {
  const named = headers.filter(([name]) => name === "connection").flatMap(([, value]) => value.split(","));
  const dropped = new Set(named.map((name) => name.trim().toLowerCase()));
  return headers.filter(([name]) => !IS_HOP_BY_HOP.has(name) && !dropped.has(name));
}

/**
 * Removes the headers that must not be passed on. It changes `headers`: a copy would take a third of the proxy's time.
 */
export function stripHopByHop(headers: Headers): void {
  stripConnection(headers);
  for (const name of HOP_BY_HOP) headers.delete(name);
}

/** By these a body is measured and limited, and a request is known. A caller who names them means no good. */
const NEVER_OF_A_CONNECTION: ReadonlySet<string> = new Set([
  "content-length",
  "host",
  "transfer-encoding",
  "x-request-id",
]);

/**
 * Removes `Connection` and the headers that it names. This comes before a header of ours is added, or a caller could
 * name that one.
 */
export function stripConnection(headers: Headers): void {
  const named = headers.get("connection");
  if (named === null) return;
  for (const name of named.split(",")) deleteNamed(headers, name.trim());
  headers.delete("connection");
}

/** A client may write anything into `Connection`. Text that is no header name is ignored. */
function deleteNamed(headers: Headers, name: string): void {
  if (TOKEN.test(name) && !NEVER_OF_A_CONNECTION.has(name.toLowerCase())) headers.delete(name);
}

/** The name of a header or a subprotocol (RFC 9110 section 5.6.2). */
export const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** The name or address of a host, perhaps with a port (RFC 9110 section 7.2). Empty for an address that has no host. */
export const HOST = /^(\[[\d.:A-Fa-f]+\]|[\w!$%&'()*+.;=~-]*)(:\d{0,5})?$/;

/**
 * The headers of a WebSocket handshake (RFC 6455 section 11.3). They concern one connection, and each side has its own.
 */
const HANDSHAKE = [
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
];

/** Whether the request asks for a WebSocket. A server may ignore other upgrades, and we ignore one with a body. */
export function isWebSocketUpgrade({ method, headers }: Request): boolean {
  return (
    method === "GET" && headers.get("upgrade")?.trim().toLowerCase() === "websocket" && !hasBody(headers)
  );
}

function hasBody(headers: Headers): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0;
}

/** The subprotocols that a caller offers, the preferred one first. */
export function offeredProtocols(headers: Headers): string[] {
  const offered = headers.get("sec-websocket-protocol")?.split(",") ?? [];
  return [...new Set(offered.map((name) => name.trim()).filter((name) => name !== ""))];
}

/** A copy of the headers that are meant for the other end: cookies, the origin, `traceparent` and the like. */
export function endToEndHeaders(headers: Iterable<[string, string]>): Headers {
  const kept = new Headers();
  for (const [name, value] of headers) kept.append(name, value);
  stripHopByHop(kept);
  for (const name of HANDSHAKE) kept.delete(name);
  return kept;
}
