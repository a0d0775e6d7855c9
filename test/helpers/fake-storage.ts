import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import type { BuildContext } from "../../src/docker/types.ts";
import type { CacheRecord, DiskVolume, EngineStorage } from "../../src/model/engine-disk.ts";
import type { FakeContainer } from "./fake-container.ts";

/** What the fake engine has on disk; tests change it. */
export type FakeStorage = {
  cache: CacheRecord[];
  /** Bytes of images by their references; 0 for others. */
  imageBytes: Map<string, number>;
};

/** A record of the cache for each context of a build, as large as its files. */
export function cacheOf(contexts: readonly BuildContext[]): CacheRecord[] {
  return contexts.map(({ directory }) => ({
    id: crypto.randomUUID().replaceAll("-", ""),
    parents: [],
    bytes: readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0),
    isInUse: false,
    isShared: false,
    lastUsed: 0,
  }));
}

type Engine = {
  containers: ReadonlyMap<string, FakeContainer>;
  /** The references of the runner's own. */
  images(): string[];
  volumes(): DiskVolume[];
};

/** The part of the fake engine that counts and makes room. */
export function createFakeStorage({ cache, imageBytes }: FakeStorage, engine: Engine): EngineStorage {
  return {
    storageRoot: async () => "/nowhere",
    async diskUsage() {
      const containers = [...engine.containers.values()];
      return {
        images: engine.images().map((reference) => ({
          id: `sha256:${Bun.SHA256.hash(reference, "hex")}`,
          references: [reference],
          bytes: imageBytes.get(reference) ?? 0,
          sharedBytes: 0,
          containers: containers.filter(({ spec }) => spec.image === reference).length,
        })),
        containers: containers.map(({ id, name, running }) => ({ id, name, running, bytes: 0 })),
        volumes: engine.volumes(),
        cache: [...cache],
      };
    },
    async pruneCache(ids) {
      let freed = 0;
      for (let gone = -1; gone !== 0;) {
        const left = cache.filter((record) => !ids.includes(record.id) || isKept(record, cache));
        freed += sum(cache) - sum(left);
        gone = cache.length - left.length;
        cache.splice(0, cache.length, ...left);
      }
      return freed;
    },
    removeUnnamedImages: async () => undefined,
  };
}

function isKept({ id, isInUse, isShared }: CacheRecord, cache: CacheRecord[]): boolean {
  return isInUse || isShared || cache.some(({ parents }) => parents.includes(id));
}

function sum(records: CacheRecord[]): number {
  return records.reduce((total, { bytes }) => total + bytes, 0);
}
