import { parseEnv } from "node:util";
import { resolve } from "node:path";

import type { Context } from "./context.ts";
import { noFile, usageFailure } from "./failure.ts";

type Sources = {
  /** `K=V`, or `K` alone: its value comes from the environment, or is asked for. */
  pairs: readonly string[];
  file?: string | undefined;
};

/** Values that commands give to secrets. A pair wins over the file. */
export async function readVariables(
  context: Context,
  { pairs, file }: Sources,
): Promise<Record<string, string>> {
  const values = file === undefined ? {} : await fromFile(resolve(context.directory, file));
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const name = at < 0 ? pair : pair.slice(0, at);
    if (name === "")
      throw usageFailure(`${JSON.stringify(pair)} names no secret.`, "Write NAME=VALUE, or NAME.");
    values[name] = at < 0 ? await valueOf(context, name) : pair.slice(at + 1);
  }
  return values;
}

async function valueOf({ environment, input }: Context, name: string): Promise<string> {
  const known = environment[name];
  if (known !== undefined) return known;
  if (input.isTerminal) return await input.secret(`Value of ${name}`);
  throw usageFailure(
    `${name} has no value: it is not in the environment, and there is no terminal to ask on.`,
    `Set it before the command, or put it in a file for --env-file.`,
  );
}

async function fromFile(path: string): Promise<Record<string, string>> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw noFile(path);
  const entries = Object.entries(parseEnv(await file.text()));
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
