import { createHash } from "node:crypto";

import type { PrepareOptions } from "./agents/prepare.ts";
import type { Config } from "./config.ts";
import { RUNTIME_DIGEST } from "./runtime/index.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./source/archive/limits.ts";

/** Requests inside one instance at a time, of an agent that says nothing. CONTRACT section 2. */
const DEFAULT_CONCURRENCY = 10;
const DEFAULT_HEALTH_PATH = "/health";

/** What a deploy takes from the configuration: limits, defaults, and what makes two deploys the same. */
export function deploySettings(
  config: Config,
  digestKey: string,
): Pick<PrepareOptions, "digestKey" | "buildDigest" | "archiveLimits" | "manifestDefaults"> {
  return {
    digestKey,
    buildDigest: createHash("sha256")
      .update(JSON.stringify([RUNTIME_DIGEST, config.pythonImage, config.uvImage, config.indexUrl]))
      .digest("hex"),
    archiveLimits: {
      ...DEFAULT_ARCHIVE_LIMITS,
      maxUploadBytes: config.maxUploadBytes,
      maxUnpackedBytes: config.maxUnpackedBytes,
      maxFileBytes: config.maxFileBytes,
      maxEntries: config.maxEntries,
    },
    manifestDefaults: {
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
    },
  };
}
