import { networkInterfaces } from "node:os";

import type { Config } from "./load.ts";

/** Requests inside one instance at a time, of an agent that says nothing. */
const DEFAULT_CONCURRENCY = 10;
const DEFAULT_HEALTH_PATH = "/health";

/** The limits of an archive that the operator can set. */
export function archiveLimits(config: Config) {
  const { maxUploadBytes, maxUnpackedBytes, maxFileBytes, maxEntries } = config;
  return { maxUploadBytes, maxUnpackedBytes, maxFileBytes, maxEntries };
}

/** What a key of oken.toml means when it is not written, and the most that this host gives. */
export function manifestDefaults(config: Config) {
  return {
    pythonVersion: config.defaultPython,
    warmTimeout: config.defaultWarmTimeout,
    concurrency: DEFAULT_CONCURRENCY,
    timeout: config.invokeTimeout,
    memory: config.defaultMemory,
    maxMemory: config.maxMemory,
    cpus: config.defaultCpus,
    maxCpus: config.maxCpus,
    port: config.containerPort,
    healthPath: DEFAULT_HEALTH_PATH,
  };
}

/** What the operator decides about builds. */
export function buildSettings(config: Config, environment: Record<string, string | undefined>) {
  return {
    pythonImage: config.pythonImage,
    uvImage: config.uvImage,
    builderImage: config.builderImage,
    indexUrl: config.indexUrl,
    extraIndexUrls: config.extraIndexUrls?.split(" "),
    findLinks: config.findLinks,
    offline: config.offline === "yes",
    caFile: config.caFile,
    proxy: environment["HTTPS_PROXY"] ?? environment["https_proxy"],
    ownAddresses: Object.values(networkInterfaces()).flatMap((addresses) =>
      (addresses ?? []).map(({ address }) => address),
    ),
    sdist: config.buildSdist === "deny" ? ("deny" as const) : ("isolated" as const),
  };
}
