import type { Outside } from "./forwarded.ts";

/** Headers of an answer whose value is an address. */
const ADDRESSES = ["location", "content-location"];

/**
 * What concerns all of an origin, and so other agents below the same one and the API. Browsers heed it with TLS or on the
 * loopback. Some of it has them send requests by themselves, which name no page that asks.
 */
const FOR_THE_ORIGIN = [
  "accept-ch",
  "alt-svc",
  "clear-site-data",
  "nel",
  "report-to",
  "reporting-endpoints",
  "sec-session-registration",
  "secure-session-registration",
  "service-worker-allowed",
  "strict-transport-security",
  "use-as-dictionary",
];

/** A cookie of this kind must have `Path=/`, or no browser takes it. */
const HOST_COOKIE = /^\s*__Host-/i;

const PATH_ATTRIBUTE = /;\s*path\s*=\s*([^;]*)/gi;

/** With it, a cookie would reach the hosts of other agents. */
const DOMAIN_ATTRIBUTE = /;\s*domain\s*=[^;]*/gi;

export type Mount = {
  outside: Outside;
  /** `http://address:port` of the agent's server. */
  origin: string;
  /** The path that the caller asked for, below the prefix, perhaps with its query. */
  path: string;
  /** Whether the caller asked for the agent's prefix itself, above which a cookie without a path would go. */
  isPrefixItself: boolean;
};

/**
 * Brings the addresses and cookies of an agent that does not know its prefix below it, and keeps what it says for itself.
 * It changes `headers`. What is below the prefix already, or on another site, stays.
 */
export function mapBelowPrefix(headers: Headers, mount: Mount): void {
  for (const name of ADDRESSES) {
    const address = headers.get(name);
    if (address !== null) headers.set(name, keepBelow(mapAddress(address, mount), mount));
  }
  if (mount.outside.prefix !== "") for (const name of FOR_THE_ORIGIN) headers.delete(name);
  if (!headers.has("set-cookie")) return;
  const cookies = headers.getSetCookie();
  headers.delete("set-cookie");
  for (const cookie of cookies) headers.append("set-cookie", mapCookie(cookie, mount));
}

/**
 * The address, or where it would lead below the prefix: callers resolve `..` and `\\`, and would go on with their token at
 * the API's own paths.
 */
function keepBelow(address: string, { outside: { proto, prefix }, path }: Mount): string {
  const base = new URL(`${proto}://${NOBODY}`);
  const end = path.indexOf("?");
  base.pathname = prefix + (end === -1 ? path : path.slice(0, end));
  const url = URL.parse(address, base.href);
  if (url === null || url.host !== NOBODY || isBelow(url.pathname, prefix)) return address;
  return prefix + url.pathname + url.search + url.hash;
}

/** A host for addresses that name none (RFC 2606 section 2). */
const NOBODY = "runner.invalid";

function mapAddress(address: string, mount: Mount): string {
  const { outside } = mount;
  if (/^(https?:)?\/\//i.test(address)) return mapUrl(address, mount);
  // A relative one is relative to an address below the prefix.
  return address.startsWith("/") ? mapPath(address, outside.prefix) : address;
}

/** A whole URL: mapped if it is the agent's own, by any name that the agent has for itself. */
function mapUrl(address: string, { outside, origin }: Mount): string {
  const { proto, host, sentHost, prefix } = outside;
  const url = parse(address, `${proto}:`);
  if (url === undefined) return address;
  const own = [host, sentHost].flatMap((name) => parse(`//${name}`, url.protocol)?.host ?? []);
  if (url.host !== new URL(origin).host && !own.includes(url.host)) return address;
  if (host === undefined) return mapPath(url.pathname, prefix) + url.search + url.hash;
  // An agent that asks for https by itself means it.
  const scheme = url.protocol === "https:" ? "https" : proto;
  return `${scheme}://${host}${mapPath(url.pathname, prefix)}${url.search}${url.hash}`;
}

function parse(address: string, scheme: string): URL | undefined {
  return URL.parse(address.startsWith("//") ? scheme + address : address) ?? undefined;
}

function mapPath(path: string, prefix: string): string {
  return isBelow(path, prefix) ? path : prefix + path;
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && /^([#/?]|$)/.test(path.slice(prefix.length));
}

function mapCookie(sent: string, { outside: { prefix }, isPrefixItself }: Mount): string {
  const cookie = sent.replaceAll(DOMAIN_ATTRIBUTE, "");
  if (HOST_COOKIE.test(cookie)) return cookie;
  const path = [...cookie.matchAll(PATH_ATTRIBUTE)].at(-1)?.[1]?.trim();
  // Without a path, a browser takes the one that it asked for, up to its last slash.
  if (!path?.startsWith("/")) return isPrefixItself ? `${cookie}; Path=${prefix}` : cookie;
  const mapped = path === "/" && prefix !== "" ? prefix : mapPath(path, prefix);
  return `${cookie.replaceAll(PATH_ATTRIBUTE, "")}; Path=${mapped}`;
}
