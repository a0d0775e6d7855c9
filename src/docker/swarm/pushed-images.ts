import { Type } from "@sinclair/typebox";

import type { RegistryOffers } from "../../model/engine-offers.ts";
import type { Clock } from "../../lib/clock.ts";
import type { BuildWatch } from "../build-types.ts";
import { isNoSuchObject, noSuchImage } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { readJson } from "../read-json.ts";
import type { Engine } from "../types.ts";
import { push } from "./push.ts";
import { type ImageName, hostOf, nameBelow, pinned, tagged } from "./reference.ts";
import type { RegistryClient } from "./registry-client.ts";

/** How long it holds that a registry removes nothing, milliseconds: a login that has run out is made again. */
const KEEPS_ALL_MS = 3_600_000;

/** How long the push of an image takes that was built before, milliseconds. Ten seconds for each 100 MB is slow. */
const PUSH_AGAIN_TIMEOUT_MS = 300_000;

export type PushedImages = Pick<Engine, "buildImage" | "imageExists" | "removeImages"> & {
  /**
   * What services run of a tag: the image by its digest. It is known from the push, or by this host's engine, else by the
   * registry, so that what has run starts while the registry is away. Rejects as `docker run` does if there is no such
   * image.
   */
  resolve(reference: string): Promise<string>;
  /**
   * After a node could not have an image. The same as `resolve` says, once the registry has all of it; undefined where it
   * says that it has, and this host has nothing to give. Rejects if the registry does not answer, and as `resolve` does.
   */
  provide(reference: string): Promise<string | undefined>;
  /** What the registry lets the runner do. Rejects if it cannot be used. */
  registryOffers(): Promise<RegistryOffers>;
};

type Parts = {
  exec: DockerExec;
  /** This host's engine, where images are built. */
  images: Pick<Engine, "buildImage" | "imageExists" | "removeImages">;
  client: RegistryClient;
  /** `host[:port][/path]`, with which the names of the agents' images begin. */
  prefix: string;
  clock: Pick<Clock, "monotonic">;
};

/** The agents' images, which this host's engine builds and the registry keeps for all nodes. */
export function createPushedImages({ exec, images, client, prefix, clock }: Parts): PushedImages {
  const registry = hostOf(prefix);
  /** Digests in the registry by reference. */
  const known = new Map<string, string>();
  /** Tags that were removed, and are still in the registry beside another one of the same image. */
  const left = new Set<string>();
  /** Since when it refuses to remove any: tags pile up there, and asking for each of them would take longer and longer. */
  let keepsAllSince: number | undefined;

  const send = async (reference: string, watch: BuildWatch): Promise<string> => {
    const digest = await push(exec, { ...watch, reference, registry });
    known.set(reference, digest);
    left.delete(reference);
    return digest;
  };

  /** As this host's engine knows it: `undefined` for an image that was never pushed or pulled, `null` for none. */
  const digestHere = async (reference: string, name: ImageName): Promise<string | undefined | null> => {
    const args = repoDigestsArgs(reference);
    try {
      const digests = readJson(RepoDigests, { args, output: await exec.run(args) }) ?? [];
      const own = pinned(name, "");
      return digests.find((digest) => digest.startsWith(own))?.slice(own.length);
    } catch (error) {
      if (isNoSuchObject(error)) return null;
      throw error;
    }
  };

  const pushIfHere = async (reference: string): Promise<string | undefined> =>
    (await images.imageExists(reference)) ? send(reference, { timeoutMs: PUSH_AGAIN_TIMEOUT_MS }) : undefined;

  const find = async (reference: string, name: ImageName): Promise<string> => {
    const before = known.get(reference);
    if (before !== undefined) return before;
    const here = await digestHere(reference, name);
    const digest =
      here === null
        ? await client.digestOf(name)
        : (here ?? (await send(reference, { timeoutMs: PUSH_AGAIN_TIMEOUT_MS })));
    if (digest === undefined) throw noSuchImage(reference);
    known.set(reference, digest);
    return digest;
  };

  const removeOne = async (reference: string) => {
    const name = nameBelow(prefix, reference);
    // First there: while the registry is away the tag here says that there is something left to do.
    if (name !== undefined && (await mayBeThere(reference, name))) await removeThere(reference, name);
    await images.removeImages([reference]);
    known.delete(reference);
  };

  /** An image whose push failed is here alone. */
  const mayBeThere = async (reference: string, name: ImageName) =>
    known.has(reference) || (await digestHere(reference, name)) !== undefined;

  const removeThere = async (reference: string, name: ImageName) => {
    if (keepsAllSince !== undefined && clock.monotonic() - keepsAllSince < KEEPS_ALL_MS) return;
    const digest = await client.digestOf(name);
    if (digest === undefined) return;
    if (await hasOtherTag(name, digest)) left.add(reference);
    else keepsAllSince = (await client.remove(name, digest)) ? undefined : clock.monotonic();
  };

  /** Registries remove an image with all its tags. */
  const hasOtherTag = async (name: ImageName, digest: string): Promise<boolean> => {
    const isKept = (tag: string) => tag !== name.tag && !left.has(tagged({ ...name, tag }));
    const others = (await client.tagsBeside(name)).filter(isKept);
    const digests = await Promise.all(others.map((tag) => client.digestOf({ ...name, tag })));
    return digests.includes(digest);
  };

  return {
    async buildImage(request) {
      const startedAt = performance.now();
      const built = await images.buildImage(request);
      if (nameBelow(prefix, request.tag) === undefined) return built;
      const timeoutMs = Math.max(1, Math.ceil(request.timeoutMs - (performance.now() - startedAt)));
      await send(request.tag, { ...request, timeoutMs });
      return built;
    },
    async imageExists(reference) {
      const name = nameBelow(prefix, reference);
      if (name === undefined) return images.imageExists(reference);
      const digest = await client.digestOf(name);
      if (digest === undefined) return (await pushIfHere(reference)) !== undefined;
      known.set(reference, digest);
      return true;
    },
    async resolve(reference) {
      const name = nameBelow(prefix, reference);
      return name === undefined ? reference : pinned(name, await find(reference, name));
    },
    async provide(reference) {
      const name = nameBelow(prefix, reference);
      if (name === undefined) throw noSuchImage(reference);
      const before = known.get(reference);
      const there = await client.digestOf(name);
      const isOther = there !== undefined && before !== undefined && there !== before;
      // It may have the manifest and have lost a layer: a push sends what it lacks.
      const digest = isOther ? there : await pushIfHere(reference);
      if (digest === undefined && there !== undefined) return undefined;
      known.delete(reference);
      if (digest === undefined) throw noSuchImage(reference);
      known.set(reference, digest);
      return pinned(name, digest);
    },
    async removeImages(references) {
      for (const reference of references) await removeOne(reference);
    },
    async registryOffers() {
      const repository = [...prefix.split("/").slice(1), "oken/none"].join("/");
      return { address: prefix, removes: await client.removes(repository) };
    },
  };
}

const RepoDigests = Type.Union([Type.Array(Type.String()), Type.Null()]);

/** Prints the names by which registries know an image, which each push and pull adds to. */
function repoDigestsArgs(reference: string): string[] {
  return ["image", "inspect", "--format", "{{json .RepoDigests}}", "--", reference];
}
