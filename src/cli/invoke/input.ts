import { resolve } from "node:path";

import type { Context } from "../context.ts";
import { noFile } from "../failure.ts";

/** The text that an argument stands for: itself, a file's, or that of standard input. */
export async function textOf({ directory, input }: Context, argument: string): Promise<string> {
  if (argument === "-") return await input.text();
  if (!argument.startsWith("@")) return argument;
  const path = resolve(directory, argument.slice(1));
  const file = Bun.file(path);
  if (await file.exists()) return await file.text();
  throw noFile(path);
}
