import { dependencyError } from "../lib/dependency-error.ts";

/** What the operator decides about builds. */
export type BuildSettings = {
  /** Image reference with `{version}` where the Python version goes. */
  pythonImage: string;
  uvImage: string;
  /** Image in which packages are built from source, such as one with a compiler; `pythonImage` when undefined. */
  builderImage?: string | undefined;
  /** Replaces PyPI. May hold credentials, which then go as a build secret. */
  indexUrl?: string | undefined;
  extraIndexUrls?: string[] | undefined;
  /** Directory of wheels on this host. */
  findLinks?: string | undefined;
  /** No index is asked at all: every package is in `findLinks`. */
  offline?: boolean | undefined;
  /** PEM file of authorities to trust while building; never in the image. */
  caFile?: string | undefined;
  /** HTTP proxy of this host, for the container in which packages are built from source. */
  proxy?: string | undefined;
  /** Addresses of this host, which a source build must not reach even where they are public. */
  ownAddresses?: string[] | undefined;
  /** What becomes of a package that is to be had only as source. */
  sdist: "isolated" | "deny";
};

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
  /** From the URLs, which no longer hold them. */
  credentials: Credentials[];
};

/** The indexes without their credentials, which are for a netrc file: that binds each to its host. */
export function splitCredentials(settings: Pick<BuildSettings, "indexUrl" | "extraIndexUrls">): Indexes {
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
  const main = settings.indexUrl === undefined || settings.indexUrl === "" ? "" : clean(settings.indexUrl);
  return { main, extra: (settings.extraIndexUrls ?? []).map(clean), credentials };
}

export function netrcText(credentials: Credentials[]): string {
  return credentials
    .map(({ host, user, password }) => `machine ${host}\nlogin ${user}\npassword ${password}\n`)
    .join("");
}

/** Names and addresses of the host itself, its own network, and the services that clouds put there. */
const PRIVATE_HOST =
  /^(localhost|.*\.localhost|.*\.internal|0\.0\.0\.0|127\..*|10\..*|169\.254\..*|192\.168\..*|172\.(1[6-9]|2\d|3[01])\..*|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\..*|\[(::1?|f[cd].*|fe[89ab].*|::ffff:.*)\])$/i;

/**
 * Refuses an address inside the runner's network that only the upload names: the package installer would ask it on the
 * upload's behalf.
 */
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
  /** May have an address that is not public. */ trusted: boolean;
};

/** Hosts that a source build may ask: the operator's indexes, and those that the upload's own files name. */
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
    // GitHub answers a request for an archive with the address of another of its hosts.
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

/**
 * Where a source build asks an index that wants credentials: in plain HTTP, which its gateway turns into what the index
 * speaks, credentials added.
 */
export function withoutTls(text: string, { credentials }: Pick<Indexes, "credentials">): string {
  return credentials.reduce(
    (result, { host }) => result.replaceAll(`https://${host}`, `http://${host}`),
    text,
  );
}

/** The other way round, for a list that was made behind the gateway. */
export function withTls(text: string, { credentials }: Pick<Indexes, "credentials">): string {
  return credentials
    .filter(({ scheme }) => scheme === "https")
    .reduce((result, { host }) => result.replaceAll(`http://${host}`, `https://${host}`), text);
}
