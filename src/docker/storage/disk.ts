import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type {
  CacheRecord,
  DiskContainer,
  DiskImage,
  DiskVolume,
  EngineDisk,
  EngineStorage,
} from "../../model/engine-disk.ts";
import type { Buildx } from "../images/buildx.ts";
import {
  diskUsageArgs,
  engineRootArgs,
  imageIdListArgs,
  imageRemoveUnusedArgs,
  pruneCacheArgs,
} from "./disk-args.ts";
import { undefinedIfNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { runnerLabels } from "../labels.ts";
import { ownRecords } from "./own-cache.ts";
import { parseGoTime, parseSize } from "./sizes.ts";
import { linesOf } from "../lines.ts";
import type { ListedVolume } from "../types.ts";
import type { Volumes } from "./volumes.ts";

/** Deadline of a count, milliseconds. With 27,000 records of build cache it took three seconds, and five minutes when many builds ran. */
const COUNT_TIMEOUT_MS = 600_000;

/** Deadline of one removal, milliseconds. Directories of packages have many files. */
const PRUNE_TIMEOUT_MS = 120_000;

/** Records of one command: an argument has at most 128 KiB, and an id 25 letters. */
const MAX_IDS = 1_000;

const RECORD_ID = /^[a-z0-9]+$/;

const Images = Type.Array(
  Type.Object({
    ID: Type.String(),
    UniqueSize: Type.String(),
    SharedSize: Type.String(),
    Containers: Type.String(),
  }),
);
const Containers = Type.Array(
  Type.Object({
    ID: Type.String(),
    Names: Type.String(),
    State: Type.String(),
    Size: Type.String(),
    Labels: Type.String(),
  }),
);

const UsedVolumes = Type.Array(Type.Object({ Name: Type.String(), Size: Type.String() }));

type ListedImage = Static<typeof Images>[number];
type ListedContainer = Static<typeof Containers>[number];

/** What this runner has on the engine's disk, and the removal of what has no name. */
export function createDisk({
  exec,
  buildx,
  volumes,
  runnerId,
}: {
  exec: DockerExec;
  buildx: Buildx;
  volumes: Pick<Volumes, "listVolumes">;
  runnerId: string;
}): EngineStorage {
  const labels = runnerLabels(runnerId);
  return {
    storageRoot: async () => (await exec.run(engineRootArgs())).trim(),
    async diskUsage() {
      const [own, listed, usage] = await Promise.all([
        exec.run(imageIdListArgs(labels)),
        volumes.listVolumes(),
        exec.run(diskUsageArgs(), { timeoutMs: COUNT_TIMEOUT_MS }),
      ]);
      return parseUsage(usage, { labels, references: referencesById(own), volumes: listed });
    },
    async pruneCache(ids) {
      const known = ids.filter((id) => RECORD_ID.test(id));
      let freed = 0;
      for (let at = 0; at < known.length; at += MAX_IDS) {
        const { args, ...how } = await buildx.command(pruneCacheArgs(known.slice(at, at + MAX_IDS)));
        freed += totalOf(await exec.run(args, { ...how, timeoutMs: PRUNE_TIMEOUT_MS }));
      }
      return freed;
    },
    async removeUnnamedImages(ids) {
      for (const id of ids) await exec.run(imageRemoveUnusedArgs(id)).catch(undefinedIfNoSuchObject);
    },
  };
}

type Own = { labels: Record<string, string>; references: Map<string, string[]>; volumes: ListedVolume[] };

function parseUsage(output: string, own: Own): EngineDisk {
  const [images = "", containers = "", volumes = "", ...cache] = output.split("\n");
  return {
    images: Value.Parse(Images, JSON.parse(images)).flatMap((image) => imageOf(image, own)),
    containers: Value.Parse(Containers, JSON.parse(containers)).flatMap((container) =>
      containerOf(container, own),
    ),
    volumes: volumesOf(Value.Parse(UsedVolumes, JSON.parse(volumes)), own),
    cache: ownRecords(cache.filter((line) => line !== "").map(recordOf)).map(undescribed),
  };
}

function imageOf(image: ListedImage, { references }: Own): DiskImage[] {
  const own = references.get(image.ID);
  if (own === undefined) return [];
  const [bytes, sharedBytes] = [parseSize(image.UniqueSize), parseSize(image.SharedSize)];
  return [{ id: image.ID, references: own, bytes, sharedBytes, containers: Number(image.Containers) || 0 }];
}

/** The labels come as `name=value,name=value`; those of a runner have no comma. */
function containerOf(container: ListedContainer, { labels }: Own): DiskContainer[] {
  const found = new Set(container.Labels.split(","));
  if (!Object.entries(labels).every(([name, value]) => found.has(`${name}=${value}`))) return [];
  const running = container.State !== "exited" && container.State !== "created" && container.State !== "dead";
  return [{ id: container.ID, name: container.Names, running, bytes: parseSize(container.Size) }];
}

function volumesOf(used: Static<typeof UsedVolumes>, own: Own): DiskVolume[] {
  const sizes = new Map(used.map(({ Name, Size }) => [Name, parseSize(Size)]));
  return own.volumes.map(({ name, agentId, path }) => ({ agentId, path, bytes: sizes.get(name) ?? 0 }));
}

function recordOf(line: string): CacheRecord & { description: string } {
  const [id = "", parents = "", size = "", inUse, shared, createdAt = "", usedAt = "", description = ""] =
    line.split("\t");
  return {
    // A record in use has a star.
    id: id.replace("*", ""),
    parents: parents.split(/[, ]+/).filter((parent) => parent !== ""),
    bytes: parseSize(size),
    isInUse: inUse === "true",
    isShared: shared === "true",
    lastUsed: parseGoTime(usedAt) ?? parseGoTime(createdAt) ?? 0,
    description,
  };
}

function undescribed({ id, parents, bytes, isInUse, isShared, lastUsed }: CacheRecord): CacheRecord {
  return { id, parents, bytes, isInUse, isShared, lastUsed };
}

function referencesById(output: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of linesOf(output)) {
    const [id = "", reference = ""] = line.split("\t");
    const references = reference.includes("<none>") ? [] : [reference];
    found.set(id, [...(found.get(id) ?? []), ...references]);
  }
  return found;
}

/** Of the last line, `Total:	8B`. */
function totalOf(output: string): number {
  return parseSize(/^Total:\s*(.+)$/m.exec(output)?.[1] ?? "");
}
