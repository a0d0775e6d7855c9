import { rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { contentName } from "./content-name.ts";
import { writeFiles } from "./contexts.ts";

export type KeptDirectory = {
  /** The directory, whole: what somebody cleaned away of it is written again. */
  path(): Promise<string>;
};

/** The same files for every build, in a directory whose base name is made of their content; alone in `parent`. */
export function keptDirectory(options: {
  parent: string;
  files: Readonly<Record<string, string>>;
}): KeptDirectory {
  const { parent, files } = options;
  const directory = join(parent, contentName("kept", files));
  let writing: Promise<void> | undefined;
  return {
    async path() {
      // One look at a time; builds that begin meanwhile share it.
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
  // With what an earlier version of the runner kept.
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
