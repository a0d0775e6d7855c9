import { rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { once } from "../lib/once.ts";
import { contentName } from "./content-name.ts";
import { writeFiles } from "./files.ts";

export type RuntimeDirectory = {
  /** Its base name, made of the content of its files. */
  name(): Promise<string>;
  /** The directory, complete: files that were deleted are written again. */
  path(): Promise<string>;
};

/**
 * The runtime's files for every build, in a directory named by their content. Nothing else stays in `parent`. They are
 * read when the first build asks: a start does not wait for that, and holds no memory for it.
 */
export function runtimeDirectory(options: {
  parent: string;
  files: () => Promise<Readonly<Record<string, string>>>;
}): RuntimeDirectory {
  const { parent } = options;
  const read = once(async () => {
    const files = await options.files();
    return { files, name: contentName("runtime", files) };
  });
  let writing: Promise<void> | undefined;
  return {
    name: async () => (await read()).name,
    async path() {
      const { files, name } = await read();
      const directory = join(parent, name);
      // Builds that begin during a check share it.
      writing ??= ensure(directory, files).finally(() => {
        writing = undefined;
      });
      await writing;
      return directory;
    },
  };
}

async function ensure(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  if (await isWhole(directory, files)) return;
  // Together with the files of an earlier version of the runner.
  await rm(dirname(directory), { recursive: true, force: true });
  const temporary = `${directory}.new`;
  await writeFiles(temporary, files);
  await rename(temporary, directory);
}

async function isWhole(directory: string, files: Readonly<Record<string, string>>): Promise<boolean> {
  const sizes = await Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      const found = await stat(join(directory, name)).catch(() => undefined);
      return found?.size === Buffer.byteLength(text);
    }),
  );
  return sizes.every(Boolean);
}
