import { join, resolve } from "node:path";

import { fillBlocks } from "./blocks.ts";

const ROOT = resolve(import.meta.dir, "../..");

const PLACES = ["*.md", "docs/*.md", "examples/*.md"];

export type Document = {
  /** From the project's root. */
  path: string;
  text: string;
  /** The text with its generated blocks made anew, formatted. */
  filled: string;
};

/** Every document of the project, with what it should say today. */
export async function readDocuments(): Promise<Document[]> {
  const paths = PLACES.flatMap((pattern) => Array.from(new Bun.Glob(pattern).scanSync({ cwd: ROOT })));
  return Promise.all(
    paths.map(async (path) => {
      const text = await Bun.file(join(ROOT, path)).text();
      const made = fillBlocks(text);
      return { path, text, filled: made === text ? text : await formatted(path, made) };
    }),
  );
}

export async function writeDocument({ path, filled }: Document): Promise<void> {
  await Bun.write(join(ROOT, path), filled);
}

async function formatted(path: string, text: string): Promise<string> {
  const formatter = Bun.spawn([process.execPath, "fmt", `--stdin-filepath=${path}`], {
    cwd: ROOT,
    stdin: new Blob([text]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, complaint, status] = await Promise.all([
    new Response(formatter.stdout).text(),
    new Response(formatter.stderr).text(),
    formatter.exited,
  ]);
  if (status !== 0) throw new Error(`${path} could not be formatted: ${complaint}`);
  return output;
}
