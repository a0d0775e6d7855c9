import { type Claims, NO_CLAIMS, claimsOf } from "./claims.ts";

/** Whom we believe, and the address of the runner where nobody whom we believe names one. */
export type Front = {
  /** Whether there is any proxy that is believed. */
  trustsAnyone: boolean;
  /** Whether a proxy at this address is believed. */
  trusts: (address: string) => boolean;
  /** Without a query. */
  publicUrl: URL | undefined;
  /** Where nobody whom we believe says another. */
  proto: "http" | "https";
  /** The address that callers without one count as: those on a Unix socket. */
  socketPeer: string | undefined;
};

/** The address under which a caller sees an agent. */
export type Outside = {
  proto: "http" | "https";
  host: string | undefined;
  /** `/invoke/{id}`, below the path of a gateway in front; empty at an agent's own origin. */
  prefix: string;
  /** The `Host` that the agent is sent. */
  sentHost: string | undefined;
};

/** What a caller who is not believed must not say to an agent. */
const CALLER_HEADERS = [
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "forwarded",
  "x-forwarded-port",
  "x-real-ip",
];

/** Whether the other end of the connection is a proxy whose word we take. */
export function isBelieved(address: string | undefined, { trusts, socketPeer }: Front): boolean {
  const peer = address ?? socketPeer;
  return peer !== undefined && trusts(withoutMapping(peer));
}

/** Removes what a caller who is not believed says of the address it was called by. */
export function dropForwarded(headers: Headers): void {
  for (const name of CALLER_HEADERS) headers.delete(name);
}

export type ForwardedOptions = {
  /** The address at the other end of the connection, undefined when it has none. */
  peer: string | undefined;
  /** `/invoke/{id}`; empty at an agent's own origin. */
  path: string;
  front: Front;
};

/**
 * Tells an agent who calls it and under which address: `X-Forwarded-*`, and `Forwarded` of RFC 7239. It changes
 * `headers`. What the caller said of that is kept only if it is believed.
 */
export function setForwarded(headers: Headers, { peer, path, front }: ForwardedOptions): Outside {
  const claims = isBelieved(peer, front) ? claimsOf(headers) : NO_CLAIMS;
  if (claims === NO_CLAIMS) dropForwarded(headers);
  const { publicUrl } = front;
  const sentHost = headers.get("host") ?? undefined;
  const host = claims.host ?? publicUrl?.host ?? sentHost;
  const proto = claims.proto ?? front.proto;
  const prefix = (claims.prefix ?? publicUrl?.pathname ?? "").replace(/\/+$/, "") + path;
  const hops = hopsOf(claims, peer ?? front.socketPeer, front);
  headers.set("x-forwarded-for", hops.join(", "));
  headers.set("x-forwarded-proto", proto);
  if (prefix === "") headers.delete("x-forwarded-prefix");
  else headers.set("x-forwarded-prefix", prefix);
  if (host === undefined) headers.delete("x-forwarded-host");
  else headers.set("x-forwarded-host", host);
  headers.set("forwarded", elements(hops, { proto, host }));
  return { proto, host, prefix, sentHost };
}

/** The client first, the proxy that called us last. What stands before an address that is not believed may be made up. */
function hopsOf({ hops: claimed }: Claims, peer: string | undefined, { trusts }: Front): string[] {
  if (peer === undefined) return ["unknown"];
  const hops = [withoutMapping(peer)];
  for (const hop of claimed.toReversed()) {
    const nearest = hops[0];
    if (nearest === undefined || !trusts(nearest)) break;
    hops.unshift(withoutMapping(hop));
  }
  return hops;
}

function elements(hops: string[], { proto, host }: Pick<Outside, "proto" | "host">): string {
  const named = host === undefined ? "" : `;host="${host}"`;
  return hops
    .map((hop) => `for=${hop.includes(":") ? `"[${hop}]"` : hop}`)
    .map((element, index) => (index === 0 ? `${element}${named};proto=${proto}` : element))
    .join(", ");
}

/** A socket for IPv6 gives an IPv4 address as `::ffff:127.0.0.1`. */
function withoutMapping(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}
