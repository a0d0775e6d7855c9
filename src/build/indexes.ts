import { dependencyError } from "../lib/dependency-error.ts";
import type { PackageSources } from "./settings.ts";

const PYPI = "https://pypi.org/simple";
const PYPI_FILES = "https://files.pythonhosted.org";

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

/** Names and addresses of the host, its own network, and the services that clouds put there. */
const PRIVATE_HOST =
  /^(localhost|.*\.localhost|.*\.internal|0\.0\.0\.0|127\..*|10\..*|169\.254\..*|192\.168\..*|172\.(1[6-9]|2\d|3[01])\..*|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\..*|\[(::1?|f[cd].*|fe[89ab].*|::ffff:.*)\])$/i;

/** Refuses an upload that names an index inside the runner's network: the build would ask it on the upload's behalf. */
export function refusePrivateHosts(indexes: Indexes, files: Record<string, string>): void {
  for (const { host, port, trusted } of allowedHosts(indexes, files)) {
    if (trusted || !PRIVATE_HOST.test(host)) continue;
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
  const named = Object.values(files).flatMap((text) => text.match(/https?:\/\/[^\s/"'#?,;>]+/g) ?? []);
  const allowed = new Map<string, AllowedHost>();
  const add = (text: string, trusted: boolean) => {
    if (!URL.canParse(text)) return;
    const url = new URL(text);
    const { hostname } = url;
    const number = portOf(url);
    const key = `${hostname}:${number}`;
    if (!allowed.has(key)) allowed.set(key, { host: hostname, port: number, trusted });
    // GitHub redirects a request for an archive to another of its hosts.
    if (hostname === "github.com") add("https://codeload.github.com", false);
  };
  for (const url of configured) add(url, true);
  for (const url of new Set(named)) add(url, false);
  return [...allowed.values()];
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
