import { chmod, copyFile, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { contentName, fileDigest, treeName } from "./content-name.ts";

const FILE_TIME = new Date("2020-01-01T00:00:00Z");

export type ContextWriter = ReturnType<typeof contextWriter>;

type LinkedContext = { name?: string; prefix: string; directory: string; digest?: string | undefined };

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
    /** A directory as it is, under another name. `digest` is that of its content, where it is known. */
    async link({ name, prefix, directory, digest }: LinkedContext): Promise<string> {
      const path = join(
        buildDir,
        digest === undefined ? await treeName(prefix, directory) : `${prefix}-${digest}`,
      );
      await symlink(directory, path);
      if (name !== undefined) contexts.push({ name, directory: path });
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
