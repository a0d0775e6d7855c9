import { networkInterfaces } from "node:os";
import { join } from "node:path";

import { type Destination, parseDestination, showDestination } from "../lib/destinations.ts";
import type { Config } from "./load.ts";

/** Requests inside one instance at a time, for an agent that names no number. */
const DEFAULT_CONCURRENCY = 10;
const DEFAULT_HEALTH_PATH = "/health";

/** Name the proxies that builds may ask. */
const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];

/** What the operator decides about the API. */
export function serverSettings(config: Config) {
  const { maxUploadBytes, maxInvokeBytes, queueTimeout } = config;
  const trustedProxies = config.trustedProxies?.split(" ") ?? [];
  const publicUrl = config.publicUrl === undefined ? undefined : new URL(config.publicUrl);
  return {
    listen: listenSettings(config),
    access: accessSettings(config),
    trustedProxies,
    publicUrl,
    maxUploadBytes,
    maxInvokeBytes,
    queueTimeout,
  };
}

function listenSettings({ host, port, socket, tlsCertFile, tlsKeyFile }: Config) {
  const tls =
    tlsCertFile === undefined || tlsKeyFile === undefined
      ? undefined
      : { certFile: tlsCertFile, keyFile: tlsKeyFile };
  return { host, port, socket, tls };
}

function accessSettings({ apiToken, tokensFile, allowFrom, allowNoToken }: Config) {
  return {
    apiToken,
    tokensFile,
    allowFrom: allowFrom?.split(" ") ?? [],
    allowNoToken: allowNoToken === "yes",
  };
}

/** What the operator decides about browsers. */
export function browserSettings(config: Config) {
  const { host, socket, apiToken, tokensFile, allowedHosts, corsOrigins, agentDomain } = config;
  return {
    isTokenNeeded: apiToken !== undefined || tokensFile !== undefined,
    isReachable: socket === undefined,
    // The name to listen on is the operator's own word.
    allowedHosts: [host.toLowerCase(), ...(allowedHosts?.split(" ") ?? [])],
    corsOrigins: corsOrigins?.split(" ") ?? [],
    agentDomain,
  };
}

/** The limits on archives that the operator sets. */
export function archiveLimits(config: Config) {
  const { maxUploadBytes, maxUnpackedBytes, maxFileBytes, maxEntries } = config;
  return { maxUploadBytes, maxUnpackedBytes, maxFileBytes, maxEntries };
}

/** Defaults of the keys in oken.toml, and the most that this host gives. */
export function manifestDefaults(config: Config) {
  return {
    pythonVersion: config.defaultPython,
    warmTimeout: config.defaultWarmTimeout,
    pauseAfter: config.defaultPauseAfter,
    concurrency: DEFAULT_CONCURRENCY,
    timeout: config.invokeTimeout,
    memory: { fallback: config.defaultMemory, max: config.maxMemory },
    cpus: { fallback: config.defaultCpus, max: config.maxCpus },
    port: config.containerPort,
    healthPath: DEFAULT_HEALTH_PATH,
    egressAllow: egressAllow(config),
    noSystemPackages: noSystemPackages(config),
  };
}

/** The user ids that agents may have, undefined for the runner's choice. */
export function uidRange({ uidRange: chosen }: Config): readonly [number, number] | undefined {
  const [first, last] = chosen?.split("-").map(Number) ?? [];
  return first === undefined || last === undefined ? undefined : [first, last];
}

/** The operator's file with a seccomp profile, or the profile of the runner or of the engine. */
export function seccompChoice({ seccompProfile }: Config): { file: string } | "runner" | "engine" {
  if (seccompProfile === undefined) return "runner";
  return seccompProfile === "engine" ? "engine" : { file: seccompProfile };
}

/** What the operator decides about containers. */
export function containerSettings(config: Config) {
  const { network, containerRuntime, agentCgroup } = config;
  return { network, runtime: containerRuntime, cgroupParent: agentCgroup };
}

/** Where agents run on the nodes of a swarm; undefined for this host. */
export function swarmSettings({ backend, registry, dataDir }: Config) {
  if (backend !== "swarm" || registry === undefined) return undefined;
  return { registry, logsDirectory: join(dataDir, "logs") };
}

/** What keeps agents from the host and its networks. */
export function containmentSettings(config: Config, environment: Record<string, string | undefined>) {
  const { allowUncontained, firewallImage, dns, pythonImage, defaultPython } = config;
  const proxies = PROXY_VARIABLES.flatMap((name) => environment[name] ?? []);
  const { indexUrl, extraIndexUrls, aptMirror } = config;
  const sources = [indexUrl, extraIndexUrls, aptMirror].flatMap((urls) => urls?.split(" ") ?? []);
  return {
    allowUncontained: allowUncontained === "yes",
    firewallImage,
    resolvers: dns?.split(" "),
    opened: egressAllow(config),
    buildSources: config.containBuilds === "yes" ? [...sources, ...proxies] : undefined,
    // With the firewall, or by the operator's own proxy.
    fetchesBySelf: config.containBuilds === "yes" || proxies.length > 0,
    proxy: {
      image: pythonImage.replaceAll("{version}", defaultPython),
      exceptions: egressAllow(config).map(showDestination),
    },
  };
}

/** What the host is checked for. */
export function checkSettings(config: Config, runnerId?: string) {
  const { dataDir, containerRuntime, pythonImage, builderImage, uvImage, defaultPython, registry } = config;
  const forDefault = (image: string) => image.replaceAll("{version}", defaultPython);
  const builder = {
    name: "builder-image",
    reference: forDefault(builderImage ?? ""),
    setting: "OKEN_BUILDER_IMAGE",
  };
  return {
    dataDir,
    ...(runnerId !== undefined && { runnerId }),
    runtime: containerRuntime,
    registry,
    images: [
      {
        name: "python-image",
        reference: forDefault(pythonImage),
        setting: "OKEN_PYTHON_IMAGE or OKEN_DEFAULT_PYTHON",
      },
      { name: "uv-image", reference: uvImage, setting: "OKEN_UV_IMAGE" },
      ...(builderImage === undefined ? [] : [builder]),
    ],
  };
}

/** How many builds run and wait, and how long one may take. */
export function buildLimits({ maxBuilds, maxBuildQueue, buildTimeout }: Config) {
  return { maxBuilds, maxBuildQueue, buildTimeout };
}

/** How long stopped agents keep what they have, milliseconds. */
export function retention({ stoppedImageTtl, stoppedTtl }: Config) {
  return { imageTtlMs: stoppedImageTtl * 1000, ttlMs: stoppedTtl * 1000 };
}

/** How much of the disks may be used. */
export function diskSettings({ dataDir, diskBudget, minFreeBytes }: Config) {
  return { dataDir, budgetBytes: diskBudget, floorBytes: minFreeBytes };
}

/** What images are made from. */
export function buildSettings(config: Config, environment: Record<string, string | undefined>) {
  return {
    pythonImage: config.pythonImage,
    uvImage: config.uvImage,
    builderImage: config.builderImage,
    packageSources: {
      indexUrl: config.indexUrl,
      extraIndexUrls: config.extraIndexUrls?.split(" "),
      findLinks: config.findLinks,
      offline: config.offline === "yes",
      aptMirror: config.aptMirror?.split(" "),
    },
    caFile: config.caFile,
    proxy: environment["HTTPS_PROXY"] ?? environment["https_proxy"],
    ownAddresses: ownAddresses(),
    sdist: config.buildSdist,
  };
}

/** Why this host installs no Debian packages, in the words of an error. */
function noSystemPackages({ systemPackages, offline, aptMirror }: Config): string | undefined {
  if (systemPackages === "deny") return "this host installs no Debian packages (OKEN_SYSTEM_PACKAGES=deny)";
  if (offline !== "yes" || aptMirror !== undefined) return undefined;
  return "this host builds offline, and has no mirror of Debian (OKEN_OFFLINE, OKEN_APT_MIRROR)";
}

/** The private destinations that agents may ask for. */
function egressAllow({ egressAllow: texts }: Config): Destination[] {
  return texts?.split(" ").flatMap((text) => parseDestination(text) ?? []) ?? [];
}

/** Every address of this host. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flat()
    .flatMap((entry) => (entry === undefined ? [] : entry.address));
}
