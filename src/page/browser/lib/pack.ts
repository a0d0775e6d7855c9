import { createTarPacker } from "modern-tar";

import { type ChosenFile, filesToSend } from "./chosen-files.ts";

/** Files that were dropped or chosen: one archive, or those of a folder. */
export type Chosen = { name: string; files: ChosenFile<File>[] };

/** A gzipped tar of what was chosen: an archive as it is, a folder packed here in the browser. */
export async function packed({ files }: Chosen): Promise<Blob> {
  const [only] = files;
  if (files.length === 1 && only !== undefined && isArchive(only.path)) return only.content;
  const sent = await filesToSend(files, (file) => file.text());
  if (!sent.some(({ path }) => path === "oken.toml"))
    throw new TypeError("There is no oken.toml in this folder: drop the folder that holds it.");
  const { readable, controller } = createTarPacker();
  const result = new Response(readable.pipeThrough(new CompressionStream("gzip"))).blob();
  for (const { path, content } of sent) {
    const mtime = new Date(content.lastModified);
    const entry = controller.add({ name: path, size: content.size, mtime, mode: 0o644 });
    await content.stream().pipeTo(entry);
  }
  controller.finalize();
  return await result;
}

export function isArchive(name: string): boolean {
  return /\.(tar\.gz|tgz)$/i.test(name);
}

/** What was dropped. A folder is read as a whole. */
export async function droppedFiles(transfer: DataTransfer): Promise<Chosen | undefined> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const [first] = entries;
  if (first === undefined) return undefined;
  const files = (await Promise.all(entries.map(filesOf))).flat();
  return { name: first.name, files };
}

/** What was chosen in a dialog of the browser. */
export function chosenFiles(list: FileList): Chosen | undefined {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, content: file }));
  const [first] = files;
  return first && { name: first.path.split("/")[0] ?? first.path, files };
}

async function filesOf(entry: FileSystemEntry): Promise<ChosenFile<File>[]> {
  if (isDirectory(entry)) return (await Promise.all((await entriesOf(entry)).map(filesOf))).flat();
  if (!isFile(entry)) return [];
  const content = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
  return [{ path: entry.fullPath.replace(/^\//, ""), content }];
}

/** A reader gives some at a time, and then none. */
async function entriesOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
