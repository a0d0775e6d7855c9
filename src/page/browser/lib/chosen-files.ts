import ignore from "ignore";

/** A file of a folder, with its path below that. */
export type ChosenFile<Content> = { path: string; content: Content };

/** What no agent needs and what nobody wants to send: as the command line leaves them out. */
const NEVER = [
  ".git/",
  ".venv/",
  "venv/",
  "node_modules/",
  "__pycache__/",
  "*.pyc",
  ".DS_Store",
  ".env",
  ".env.*",
];

const IGNORE_FILES = [".gitignore", ".okenignore"];

/**
 * The files that are sent: without those that `.gitignore` and `.okenignore` of the folder name, and without what never
 * is. Paths of a folder that was chosen as a whole begin with its name, which is cut off.
 */
export async function filesToSend<Content>(
  chosen: readonly ChosenFile<Content>[],
  read: (content: Content) => Promise<string>,
): Promise<ChosenFile<Content>[]> {
  const files = withoutRoot(chosen);
  const rules = ignore().add(NEVER);
  for (const name of IGNORE_FILES) {
    const file = files.find(({ path }) => path === name);
    if (file !== undefined) rules.add(await read(file.content));
  }
  return files
    .filter(({ path }) => !rules.ignores(path))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

function withoutRoot<Content>(files: readonly ChosenFile<Content>[]): ChosenFile<Content>[] {
  const [first] = files;
  const root = first?.path.split("/")[0];
  const isShared = root !== undefined && files.every(({ path }) => path.startsWith(`${root}/`));
  return files.map(({ path, content }) => ({ path: isShared ? path.slice(root.length + 1) : path, content }));
}
