/** The one door to what runs inside a container. */
import type { Runtime } from "./read.ts";
import { readRuntime } from "./read.ts" with { type: "macro" };
import unpackText from "./unpack.py" with { type: "text" };

const { files, wheels } = readRuntime();

/** What the build of an image reads: the program that writes the runtime, and the runtime as one file. */
export const RUNTIME_CONTEXT: Readonly<Record<string, string>> = runtimeContext(files, wheels);

export function runtimeContext(
  files: Runtime["files"],
  wheels: Runtime["wheels"] = {},
): Record<string, string> {
  return { "runtime.json": JSON.stringify({ files, wheels }), "unpack.py": unpackText };
}
