/** The one door to what runs inside a container. */
import { createHash } from "node:crypto";

import type { Runtime } from "./read.ts";
import { readRuntime } from "./read.ts" with { type: "macro" };
import unpackText from "./unpack.py" with { type: "text" };

const { files, wheels } = readRuntime();

/** What the build of an image reads: the program that writes the runtime, and the runtime as one file. */
export const RUNTIME_CONTEXT: Readonly<Record<string, string>> = runtimeContext(files, wheels);

/** SHA-256, in hex, over names and contents: changes when anything in the runtime does. */
export const RUNTIME_DIGEST: string = digest(RUNTIME_CONTEXT);

export function runtimeContext(
  files: Runtime["files"],
  wheels: Runtime["wheels"] = {},
): Record<string, string> {
  return { "runtime.json": JSON.stringify({ files, wheels }), "unpack.py": unpackText };
}

function digest(files: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  for (const [name, text] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    // With lengths, so that no shift of bytes between name and content gives the same digest.
    hash.update(`${name.length}:${name}${text.length}:`).update(text);
  }
  return hash.digest("hex");
}
