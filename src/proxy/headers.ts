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
  if (/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) headers.delete(name);
}
