import { chmod, copyFile, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { contentName, fileDigest, treeName } from "./content-name.ts";

const FILE_TIME = new Date("2020-01-01T00:00:00Z");

export type ContextWriter = ReturnType<typeof contextWriter>;

/** `digest` is that of the directory's content, where it is known. */
type MainContext = { prefix: string; directory: string; digest?: string | undefined };

/** Makes contexts whose base names are made of their content. */
export function contextWriter(buildDir: string) {
  const contexts: { name: string; directory: string }[] = [];
  return {
    contexts,
    async files(
      name: string,
      prefix: string,
      texts: Record<string, string>,
      sources: Record<string, string> = {},
    ): Promise<void> {
      const digests = await Promise.all(
        Object.entries(sources).map(async ([path, source]) => [path, await fileDigest(source)] as const),
      );
      const directory = join(buildDir, contentName(prefix, { ...texts, ...Object.fromEntries(digests) }));
      await writeFiles(directory, texts, sources);
      contexts.push({ name, directory });
    },
    /** A directory as it is, under another name. */
    async link(name: string, prefix: string, directory: string): Promise<void> {
      const path = join(buildDir, await treeName(prefix, directory));
      await symlink(directory, path);
      contexts.push({ name, directory: path });
    },
    /**
     * The main context, to be made last: by its base name alone BuildKit tells all contexts of one build from those of
     * another, so it is made of what is in the others too.
     * https://github.com/moby/buildkit/blob/master/source/local/source.go, `sharedKey`
     */
    async main({ prefix, directory, digest }: MainContext): Promise<string> {
      const others = contexts.map((context) => [context.name, basename(context.directory)]);
      const main = digest ?? (await treeName(prefix, directory));
      const parts = { ...Object.fromEntries(others), main };
      const path = join(buildDir, contentName(prefix, parts));
      await symlink(directory, path);
      return path;
    },
  };
}

/** Writes files that are readable for all, whatever the umask: modes are part of what BuildKit compares. */
export async function writeFiles(
  directory: string,
  texts: Record<string, string>,
  sources: Record<string, string> = {},
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(directory, path), text);
    await normalise(join(directory, path));
  }
  for (const [path, source] of Object.entries(sources)) {
    await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o755 });
    await copyFile(source, join(directory, path));
    await normalise(join(directory, path));
  }
}

/** With one time for all, BuildKit finds that it has the files of a context whose name, and so whose content, it knows. */
async function normalise(path: string): Promise<void> {
  await chmod(path, 0o644);
  await utimes(path, FILE_TIME, FILE_TIME);
}
