import { isIP } from "node:net";

import { HOST } from "./headers.ts";

/** What a proxy that is believed says of its caller; undefined where it says nothing, or nothing that can be. */
export type Claims = {
  /** Addresses, the client's first. */
  hops: string[];
  proto: "http" | "https" | undefined;
  host: string | undefined;
  prefix: string | undefined;
};

export const NO_CLAIMS: Claims = { hops: [], proto: undefined, host: undefined, prefix: undefined };

/** The path of a URL as a proxy may put it before ours; a semicolon would end the path of a cookie. */
const PREFIX = /^(\/[\w.~!$&'()*+=:@%-]+)*\/?$/;

/** One pair of `Forwarded`, or the comma between two elements (RFC 7239 section 4). */
const PAIR = /(?<![\w!#$%&'*+.^`|~-])([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)|,/g;

/** `X-Forwarded-*`, and `Forwarded` for what they do not say. */
export function claimsOf(headers: Headers): Claims {
  const forwarded = parseForwarded(headers.get("forwarded") ?? "");
  const hops = listOf(headers, "x-forwarded-for") ?? forwarded.flatMap((element) => element.get("for") ?? []);
  const proto = listOf(headers, "x-forwarded-proto")?.[0] ?? forwarded[0]?.get("proto");
  const host = listOf(headers, "x-forwarded-host")?.[0] ?? forwarded[0]?.get("host");
  const prefix = listOf(headers, "x-forwarded-prefix")?.[0];
  return {
    hops: knownHops(hops),
    proto: protoOf(proto),
    host: host !== undefined && host !== "" && HOST.test(host) ? host : undefined,
    prefix: prefix !== undefined && PREFIX.test(prefix) ? prefix : undefined,
  };
}

function listOf(headers: Headers, name: string): string[] | undefined {
  return headers
    .get(name)
    ?.split(",")
    .map((value) => value.trim());
}

function protoOf(text = ""): "http" | "https" | undefined {
  // Some proxies name the scheme of a WebSocket.
  if (/^(http|ws)$/i.test(text)) return "http";
  return /^(https|wss)$/i.test(text) ? "https" : undefined;
}

/** The addresses without ports, from the last one that is no address on. */
function knownHops(hops: string[]): string[] {
  const addresses = hops.map(addressOf);
  return addresses.slice(addresses.lastIndexOf(undefined) + 1).filter((address) => address !== undefined);
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`. */
function addressOf(hop: string): string | undefined {
  const bracketed = /^\[(.*)\](:\d+)?$/.exec(hop)?.[1];
  const address = bracketed ?? hop.replace(/^([\d.]+):\d+$/, "$1");
  return isIP(address) === 0 ? undefined : address;
}

function parseForwarded(text: string): Map<string, string>[] {
  const elements = [new Map<string, string>()];
  for (const [pair, name, value] of text.matchAll(PAIR)) {
    if (pair === ",") elements.push(new Map());
    else if (name !== undefined && value !== undefined)
      elements.at(-1)?.set(name.toLowerCase(), unquoted(value));
  }
  return elements;
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value;
}
