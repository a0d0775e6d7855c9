import type { Parser } from "./parsers.ts";

/** A name of a host as browsers send it: labels of letters, digits, `-` and `_`, the last one no number. */
const NAME = /^(?=.{1,253}$)([a-z0-9_]([\w-]{0,61}[a-z0-9_])?\.)*(?!\d+$)[a-z0-9_]([\w-]{0,61}[a-z0-9_])?$/;

/** Characters of a domain that leave room for an agent's part of 63 and a dot. */
const LONGEST_DOMAIN = 253 - 64;

/** Names of hosts, separated by commas or spaces; the value has them in lower case, with one space between two. */
export function parseHostNames(): Parser<string> {
  return (text) => {
    const names = itemsOf(text).map(canonical);
    return names.length > 0 && names.every((name) => NAME.test(name))
      ? { ok: true, value: names.join(" ") }
      : {
          ok: false,
          allowed: "names of hosts without ports, such as runner.example.com, separated by commas",
        };
  };
}

/** Origins, separated by commas or spaces; the value has one space between two. */
export function parseOrigins(): Parser<string> {
  return (text) => {
    const items = itemsOf(text);
    const origins = items.flatMap((item) => originOf(item) ?? []);
    return items.length > 0 && origins.length === items.length
      ? { ok: true, value: origins.join(" ") }
      : {
          ok: false,
          allowed:
            "origins, each a scheme, a host and perhaps a port, such as https://app.example.com, separated by commas",
        };
  };
}

/** The name of a domain, in lower case. */
export function parseDomain(): Parser<string> {
  return (text) => {
    const name = canonical(text);
    return NAME.test(name) && name.length <= LONGEST_DOMAIN
      ? { ok: true, value: name }
      : { ok: false, allowed: "the name of a domain, such as agents.example.com" };
  };
}

/** Parts of a repository's name: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** Characters that leave room for the names of agents: the engine takes 255. */
const LONGEST_REGISTRY = 160;

/** What the engine takes for Docker Hub, which has no names of three parts. */
const HUB = /^(?:index\.)?docker\.io$/;

/** `host[:port][/path]`, in lower case. The engine takes a host with neither dot nor port for a user of Docker Hub. */
export function parseRegistry(): Parser<string> {
  return (text) => {
    const [host = "", ...path] = text.split("/");
    const fits =
      text.length <= LONGEST_REGISTRY &&
      /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(host) &&
      URL.canParse(`http://${host}`) &&
      /[.:]|^localhost$/.test(host) &&
      !HUB.test(host) &&
      path.every((part) => REPOSITORY.test(part));
    return fits
      ? { ok: true, value: text }
      : {
          ok: false,
          allowed:
            "the host of a registry other than Docker Hub, with its port and a path where it has one, such as registry.example.com:5000 or registry.example.com/team",
        };
  };
}

function itemsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== "");
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** As browsers write it. Undefined for what has a path, a user or a pattern. */
function originOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return undefined;
  if (!NAME.test(url.hostname) && !/^[\d.[\]:a-f]+$/.test(url.hostname)) return undefined;
  return /^[a-z]+:\/\/[^/?#@]+\/?$/i.test(text) ? url.origin : undefined;
}
