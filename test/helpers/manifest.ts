import type { ManifestDefaults } from "../../src/manifest/manifest.ts";
import { GiB } from "../../src/lib/bytes.ts";
import type { Manifest } from "../../src/model/manifest.ts";

/** A manifest with every default, but for what is given. */
export function manifestOf(changes: Partial<Manifest> = {}): Manifest {
  return {
    name: "example",
    pythonVersion: "3.12",
    entrypointFile: "main.py",
    entrypointAttr: undefined,
    entrypointType: undefined,
    warmTimeout: 300,
    concurrency: 10,
    timeout: 300,
    memory: 512 * 1024 * 1024,
    cpus: 1,
    port: 8080,
    healthPath: "/health",
    ...changes,
  };
}

/** Those of a host in tests. */
export const MANIFEST_DEFAULTS: ManifestDefaults = {
  pythonVersion: "3.12",
  warmTimeout: 300,
  pauseAfter: 0,
  concurrency: 10,
  timeout: 300,
  memory: { fallback: GiB / 2, max: 4 * GiB },
  cpus: { fallback: 1, max: 2 },
  port: 8080,
  healthPath: "/health",
  egressAllow: [],
  noSystemPackages: undefined,
  lacks: {},
};
