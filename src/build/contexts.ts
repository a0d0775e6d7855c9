import { mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import type { LockFile } from "../dependencies/plan.ts";
import type { BuildContext, BuildInputs } from "../docker/types.ts";
import { contentName, fileDigest, treeName } from "./content-name.ts";
import { IGNORE_TEXT } from "./dockerfile.ts";
import { CONTEXTS } from "./layout.ts";
import { writeFiles } from "./files.ts";

/** A directory that the build reads under `name`: files to be written, or a directory of this host. */
export type ContextSource = { name: string } & (
  { texts: Record<string, string>; copies: Record<string, string> } | { directory: string }
);

/** What the build of an image reads besides the source and the runtime, before it is written. */
export type ImageInputs = {
  dockerfile: string;
  contexts: ContextSource[];
  buildArgs: Record<string, string>;
  /** PEM file of authorities. */
  caFile: string | undefined;
  /** Credentials of the indexes as a netrc file; undefined when there are none. */
  netrc: string | undefined;
  /** The lock that the build resolves; undefined when it only reads one. */
  resolvedLock: LockFile | undefined;
  /** A step asks indexes, and what the upload names. */
  fetches: boolean;
};

type Places = {
  /** Where the inputs are written; made here. */
  directory: string;
  runtimeDir: string;
  /** The source, and the digest of its names, modes and content. */
  tree: string;
  treeDigest: string;
};

/** Writes the inputs of a build. The ignore file beside the Dockerfile overrides one in the source. */
export async function writeInputs(inputs: ImageInputs, places: Places): Promise<BuildInputs> {
  const { directory, runtimeDir } = places;
  await mkdir(directory, { recursive: true });
  const contexts: BuildContext[] = [{ name: CONTEXTS.runtime, directory: runtimeDir }];
  for (const source of inputs.contexts) contexts.push(await writeContext(directory, source));
  const secretFiles: Record<string, string> = {};
  if (inputs.caFile !== undefined) secretFiles["ca"] = inputs.caFile;
  if (inputs.netrc !== undefined) {
    secretFiles["netrc"] = join(directory, "netrc");
    await writeFile(secretFiles["netrc"], inputs.netrc, { mode: 0o600 });
  }
  const dockerfile = join(directory, "Dockerfile");
  await writeFile(dockerfile, inputs.dockerfile);
  await writeFile(`${dockerfile}.dockerignore`, IGNORE_TEXT);
  const context = await linkMainContext(places, contexts);
  const { buildArgs, fetches } = inputs;
  return { dockerfile, context, contexts, buildArgs, secretFiles, fetches };
}

export async function writeContext(parent: string, source: ContextSource): Promise<BuildContext> {
  const { name } = source;
  if ("directory" in source) {
    const link = join(parent, await treeName(name, source.directory));
    await symlink(source.directory, link);
    return { name, directory: link };
  }
  const digests = await Promise.all(
    Object.entries(source.copies).map(async ([path, file]) => [path, await fileDigest(file)] as const),
  );
  const content = { ...source.texts, ...Object.fromEntries(digests) };
  const directory = join(parent, contentName(name, content));
  await writeFiles(directory, source.texts, source.copies);
  return { name, directory };
}

/**
 * BuildKit tells the contexts of two builds apart by the base name of the main context alone, so that name covers the
 * content of all.
 * https://github.com/moby/buildkit/blob/master/source/local/source.go, `sharedKey`
 */
async function linkMainContext(places: Places, contexts: BuildContext[]): Promise<string> {
  const others = contexts.map(({ name, directory }) => [name, basename(directory)]);
  const parts = { ...Object.fromEntries(others), main: places.treeDigest };
  const link = join(places.directory, contentName("code", parts));
  await symlink(places.tree, link);
  return link;
}
