import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Hex digits of a digest that people see. */
const SHOWN_DIGITS = 12;

const FILE = "bases.json";

/** Warns of each base image that has changed since the agent's last build, and remembers them all for the next. */
export async function noticeMovedBases(directory: string, bases: Record<string, string>): Promise<string[]> {
  const path = join(directory, FILE);
  const text = await readFile(path, "utf8").catch(() => undefined);
  const before: Record<string, string> = text === undefined ? {} : JSON.parse(text);
  const changed = Object.entries(bases).filter(([reference, digest]) => before[reference] !== digest);
  if (changed.length === 0) return [];
  await mkdir(directory, { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}`;
  await writeFile(temporary, JSON.stringify(bases));
  await rename(temporary, path);
  return changed.flatMap(([reference, digest]) => {
    const old = before[reference];
    if (old === undefined) return [];
    return `The base image ${reference} has changed since the last build: ${shown(old)} before, ${shown(digest)} now.`;
  });
}

function shown(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, SHOWN_DIGITS);
}
