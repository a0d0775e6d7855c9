import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { resolve } from "node:path";

import { parseBytes } from "../lib/bytes.ts";
import { DESTINATION_FORMS, parseDestination } from "../lib/destinations.ts";

export type Parsed<T> = { ok: true; value: T } | { ok: false; allowed: string };

/** Reads the text of one setting; `allowed` completes the sentence "… must be". */
export type Parser<T> = (text: string) => Parsed<T>;

export function parseNumber(options: { min: number; max: number; whole?: true }): Parser<number> {
  const allowed = `a ${options.whole ? "whole " : ""}number from ${options.min} to ${options.max}`;
  return (text) => {
    const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    const fits = value >= options.min && value <= options.max && (!options.whole || Number.isInteger(value));
    return fits ? { ok: true, value } : { ok: false, allowed };
  };
}

/** Whole numbers from one to another, such as `200000-299999`. */
export function parseRange(options: { min: number; max: number }): Parser<string> {
  const allowed = `two whole numbers from ${options.min} to ${options.max}, such as 200000-299999`;
  return (text) => {
    const [, first, last] = /^(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
    const fits = Number(first) >= options.min && Number(last) <= options.max && Number(first) <= Number(last);
    return fits ? { ok: true, value: text } : { ok: false, allowed };
  };
}

/** Bytes, plain or with a binary unit: `1048576`, `512k`, `50m`, `2g`. */
export function parseSize(options: { min: number }): Parser<number> {
  const allowed = `a number of bytes of at least ${options.min}, such as 1048576, 512k, 50m or 2g`;
  return (text) => {
    const value = parseBytes(text);
    return value !== undefined && value >= options.min ? { ok: true, value } : { ok: false, allowed };
  };
}

export function parseChoice<const T extends string>(choices: readonly T[]): Parser<T> {
  return (text) => {
    const value = choices.find((choice) => choice === text);
    return value === undefined ? { ok: false, allowed: `one of ${choices.join(", ")}` } : { ok: true, value };
  };
}

export function parsePattern(pattern: RegExp, allowed: string): Parser<string> {
  return (text) => (pattern.test(text) ? { ok: true, value: text } : { ok: false, allowed });
}

export function parseText(options: {
  what: string;
  minLength?: number;
  mustContain?: string;
}): Parser<string> {
  return (text) => {
    const fits =
      text.length >= (options.minLength ?? 1) &&
      text.includes(options.mustContain ?? "") &&
      !/[\0\r\n]/.test(text);
    return fits ? { ok: true, value: text } : { ok: false, allowed: options.what };
  };
}

/** Text that a header can carry as it is: printable ASCII without a space at either end (RFC 9110 section 5.5). */
const HEADER_TEXT = /^[!-~]([ -~]*[!-~])?$/;

/** A bearer token. One that no header brings would refuse everybody. */
export function parseToken(minLength: number): Parser<string> {
  const parse = parseText({ what: `a token of at least ${minLength} characters`, minLength });
  return (text) => {
    const parsed = parse(text);
    if (!parsed.ok || HEADER_TEXT.test(text)) return parsed;
    return {
      ok: false,
      allowed: "a token that a header can carry: printable ASCII without a space at either end",
    };
  };
}

/** A path. A relative one starts at the working directory. */
export function parsePath(options: { mustExist?: true } = {}): Parser<string> {
  return (text) => {
    // The values of docker's `--mount` and `--secret` are CSV, where a comma or a quote ends a field.
    if (/[\0\r\n,"]/.test(text))
      return { ok: false, allowed: "a path without commas, quotes and line breaks" };
    const value = resolve(text);
    if (options.mustExist && !existsSync(value))
      return { ok: false, allowed: "the path of a file that exists" };
    return { ok: true, value };
  };
}

/** A word, or the path of a file that exists. */
export function parsePathOr(word: string): Parser<string> {
  const path = parsePath({ mustExist: true });
  return (text) => {
    if (text === word) return { ok: true, value: text };
    const parsed = path(text);
    return parsed.ok ? parsed : { ok: false, allowed: `${word} or ${parsed.allowed}` };
  };
}

export function parseUrl(): Parser<string> {
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const fits = url !== undefined && ["http:", "https:"].includes(url.protocol);
    return fits ? { ok: true, value: text } : { ok: false, allowed: "an http or https address" };
  };
}

/** Several addresses, separated by white space. */
export function parseUrls(): Parser<string> {
  const one = parseUrl();
  return (text) => {
    const urls = text.split(/\s+/).filter((url) => url !== "");
    const fits = urls.every((url) => one(url).ok);
    return fits
      ? { ok: true, value: urls.join(" ") }
      : { ok: false, allowed: "http or https addresses, separated by spaces" };
  };
}

/** One site, or two: Debian's archive, and that of its security updates. */
export function parseMirrors(): Parser<string> {
  const one = parseSite();
  return (text) => {
    const sites = text.split(/\s+/).filter((site) => site !== "");
    const fits = sites.length > 0 && sites.length <= 2 && sites.every((site) => one(site).ok);
    return fits
      ? { ok: true, value: sites.join(" ") }
      : { ok: false, allowed: "one or two http or https addresses without user, query and fragment" };
  };
}

/** The name or address of a host. An IPv6 address may have brackets, as in a URL. */
export function parseHost(): Parser<string> {
  return (text) => {
    const host = text.replace(/^\[(.*)\]$/, "$1");
    const fits = isIP(host) !== 0 || /^[^\s:/]+$/.test(host);
    return fits ? { ok: true, value: host } : { ok: false, allowed: "the address or the name of a host" };
  };
}

/** Bytes of the longest path of a socket, on Linux and elsewhere. */
const LONGEST_SOCKET = 103;

/** `unix:` and an absolute path, which is the value. */
export function parseSocket(): Parser<string> {
  return (text) => {
    const path = /^unix:(\/[^\0\r\n]+)$/.exec(text)?.[1];
    return path !== undefined && Buffer.byteLength(path) <= LONGEST_SOCKET
      ? { ok: true, value: path }
      : { ok: false, allowed: `unix: and an absolute path of at most ${LONGEST_SOCKET} bytes` };
  };
}

/** The address of a site, perhaps with a path below which everything is. */
export function parseSite(): Parser<string> {
  const allowed = "an http or https address without user, query and fragment";
  return (text) => {
    const url = URL.parse(text);
    const fits =
      url !== null &&
      ["http:", "https:"].includes(url.protocol) &&
      url.username + url.password === "" &&
      !/[#?]/.test(text);
    return fits ? { ok: true, value: text } : { ok: false, allowed };
  };
}

/** Addresses and networks such as `10.0.0.0/8`, separated by commas or spaces; the value has one space between two. */
export function parseNetworks(): Parser<string> {
  return parseList(isNetwork, "IP addresses or networks such as 10.0.0.0/8, separated by commas");
}

function isNetwork(text: string): boolean {
  const [, address = "", length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && (length === undefined || Number(length) <= (version === 4 ? 32 : 128));
}

/** Destinations of the network, separated by commas or spaces; the value has one space between two. */
export function parseDestinations(): Parser<string> {
  return parseList(
    (text) => parseDestination(text) !== undefined,
    `${DESTINATION_FORMS}, separated by commas`,
  );
}

export function parseAddresses(): Parser<string> {
  return parseList((text) => isIP(text) !== 0, "IP addresses, separated by commas");
}

/** The engine's own networks do not keep containers apart. */
export function parseNetworkName(): Parser<string> {
  const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
  const own = ["bridge", "default", "host", "none"];
  return (text) =>
    pattern.test(text) && !own.includes(text)
      ? { ok: true, value: text }
      : { ok: false, allowed: `a Docker network name other than ${own.join(", ")}` };
}

function parseList(fits: (part: string) => boolean, allowed: string): Parser<string> {
  return (text) => {
    const parts = text.split(/[\s,]+/).filter((part) => part !== "");
    return parts.every(fits) ? { ok: true, value: parts.join(" ") } : { ok: false, allowed };
  };
}
