import { readFile } from "node:fs/promises";
import { isIP } from "node:net";

import { parseJson } from "../../lib/json.ts";

/** Where the engine of this host may learn of resolvers. */
const RESOLVER_FILES = {
  engine: "/etc/docker/daemon.json",
  host: "/etc/resolv.conf",
  /** The resolvers behind the one of systemd, which is at a loopback address. */
  systemd: "/run/systemd/resolve/resolv.conf",
} as const;

type Texts = Record<keyof typeof RESOLVER_FILES, string>;

/** Those of this host, as {@link resolversOf} says. */
export async function hostResolvers(): Promise<string[]> {
  const [engine, host, systemd] = await Promise.all([
    textOf(RESOLVER_FILES.engine),
    textOf(RESOLVER_FILES.host),
    textOf(RESOLVER_FILES.systemd),
  ]);
  return resolversOf({ engine, host, systemd });
}

/**
 * The resolvers that the engine asks from inside a container: its own setting's, else those of the host that are not at
 * a loopback address. With none of these it asks from the host, or asks public ones.
 */
export function resolversOf({ engine, host, systemd }: Texts): string[] {
  const configured = configuredResolvers(engine);
  if (configured.length > 0) return configured;
  const own = nameservers(host);
  const isSystemd = own.length === 1 && own[0] === "127.0.0.53";
  return (isSystemd ? nameservers(systemd) : own).filter((address) => !isLoopback(address));
}

function configuredResolvers(daemon: string): string[] {
  const settings = parseJson(daemon);
  if (typeof settings !== "object" || settings === null || !("dns" in settings)) return [];
  return Array.isArray(settings.dns) ? settings.dns.filter(isAddress) : [];
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && isIP(value) !== 0;
}

function nameservers(text: string): string[] {
  const found = text.matchAll(/^\s*nameserver\s+([^\s#;%]+)/gm);
  return [...found].flatMap(([, address]) => (isAddress(address) ? [address] : []));
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function textOf(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
