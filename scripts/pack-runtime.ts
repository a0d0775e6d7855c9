/** Writes what the build of an image reads of the runtime into a directory: pack-runtime.ts DIRECTORY */
import { join } from "node:path";

import { RUNTIME_CONTEXT } from "../src/runtime/index.ts";

const [directory] = Bun.argv.slice(2);
if (directory === undefined) throw new Error("which directory?");
for (const [name, text] of Object.entries(RUNTIME_CONTEXT)) await Bun.write(join(directory, name), text);
