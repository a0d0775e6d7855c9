import { isIP } from "node:net";

import { fetchedUrls } from "../dependencies/fetched-urls.ts";
import { dependencyError } from "../lib/dependency-error.ts";
import { NOT_PUBLIC, createNetworkList } from "../lib/networks.ts";
import type { PackageSources } from "./settings.ts";

const PYPI = "https://pypi.org/simple";
const PYPI_FILES = "https://files.pythonhosted.org";
const DEBIAN_HOSTS = ["deb.debian.org", "security.debian.org"];

export type Credentials = {
  host: string;
  port: number;
  scheme: "http" | "https";
  user: string;
  password: string;
};

export type Indexes = {
  /** Empty for PyPI. */
  main: string;
  extra: string[];
  /** Taken out of the URLs. */
  credentials: Credentials[];
};

/** Takes the credentials out of the indexes' URLs. A netrc file binds each to its host. */
export function splitCredentials(sources: PackageSources): Indexes {
  const credentials: Credentials[] = [];
  const clean = (text: string): string => {
    const url = new URL(text);
    if (url.username !== "" || url.password !== "") {
      credentials.push({
        host: url.hostname,
        port: portOf(url),
        scheme: url.protocol === "https:" ? "https" : "http",
        user: decodeURIComponent(url.username),
        password: decodeURIComponent(url.password),
      });
      url.username = "";
      url.password = "";
    }
    return url.href;
  };
  const main = sources.indexUrl === undefined || sources.indexUrl === "" ? "" : clean(sources.indexUrl);
  return { main, extra: (sources.extraIndexUrls ?? []).map(clean), credentials };
}

export function netrcText(credentials: Credentials[]): string {
  return credentials
    .map(({ host, user, password }) => `machine ${host}\nlogin ${user}\npassword ${password}\n`)
    .join("");
}

/** Apart: to one list an IPv4 address is also that in IPv6 which stands for it. */
const PRIVATE = { 4: createNetworkList(NOT_PUBLIC[4]), 6: createNetworkList(NOT_PUBLIC[6]) };

/** Names that no public index has. One without a dot is looked up in the host's own domains. */
const PRIVATE_NAME = /^(?:[^.]*|.*\.(?:localhost|internal|local|lan|home|corp|intranet|home\.arpa))$/;

function isPrivate(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, "");
  const family = isIP(address);
  if (family === 0) return PRIVATE_NAME.test(host);
  return PRIVATE[family === 6 ? 6 : 4].has(address);
}

/** Refuses an upload that names an index inside the runner's network: the build would ask it on the upload's behalf. */
export function refusePrivateHosts(indexes: Indexes, files: Record<string, string>): void {
  for (const { host, port, trusted } of allowedHosts(indexes, files)) {
    if (trusted || !isPrivate(host)) continue;
    throw dependencyError(
      "index_refused",
      `The upload takes packages from ${host}:${port}, which is inside the runner's own network.`,
      "Ask the operator to name that index (OKEN_INDEX_URL), or use a public one.",
    );
  }
}

export type AllowedHost = {
  host: string;
  port: number;
  /** May have an address that is not public. */
  trusted: boolean;
};

/** Hosts that a source build may ask: those of the operator's indexes, and those that the upload's files name. */
export function allowedHosts(indexes: Indexes, files: Record<string, string>): AllowedHost[] {
  const configured = [...(indexes.main === "" ? [PYPI, PYPI_FILES] : [indexes.main]), ...indexes.extra];
  const allowed = new Map<string, AllowedHost>();
  const add = (url: URL, trusted: boolean) => {
    // A name may be written with the dot of the root.
    const hostname = url.hostname.replace(/\.$/, "");
    const number = portOf(url);
    const key = `${hostname}:${number}`;
    if (!allowed.has(key)) allowed.set(key, { host: hostname, port: number, trusted });
    // GitHub redirects a request for an archive to another of its hosts.
    if (hostname === "github.com") add(new URL("https://codeload.github.com"), false);
  };
  for (const url of configured) add(new URL(url), true);
  for (const url of fetchedUrls(files)) add(url, false);
  return [...allowed.values()];
}

/** Hosts that Debian packages come from; the base images name Debian's own. */
export function debianHosts({ aptMirror }: PackageSources): AllowedHost[] {
  const mirrors = aptMirror ?? DEBIAN_HOSTS.flatMap((host) => [`http://${host}`, `https://${host}`]);
  return mirrors.map((mirror) => {
    const url = new URL(mirror);
    return { host: url.hostname, port: portOf(url), trusted: true };
  });
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

/** A source build asks an index with credentials in plain HTTP: its gateway adds TLS and the credentials. */
export function withoutTls(text: string, { credentials }: Pick<Indexes, "credentials">): string {
  return credentials.reduce(
    (result, { host }) => result.replaceAll(`https://${host}`, `http://${host}`),
    text,
  );
}

/** The reverse of `withoutTls`, for a lock that was made behind the gateway. */
export function withTls(text: string, { credentials }: Pick<Indexes, "credentials">): string {
  return credentials
    .filter(({ scheme }) => scheme === "https")
    .reduce((result, { host }) => result.replaceAll(`http://${host}`, `https://${host}`), text);
}
