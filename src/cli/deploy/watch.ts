import { watch } from "node:fs";
import { join, relative } from "node:path";

import type { Context } from "../context.ts";
import { type Rules, isIgnored, rulesOf } from "../pack/ignored.ts";
import { report } from "../report.ts";

/** An editor saves a file in several steps, and several files at once. */
const QUIET_MS = 200;

type Watched = { directory: string; send: () => Promise<void> };

/** Deploys, and again after each change, until the process ends. A deploy that fails waits for the next change. */
export async function deployOnChange(context: Context, { directory, send }: Watched): Promise<never> {
  let changed = Promise.withResolvers<string>();
  let timer: Timer | undefined;
  const rules = await rulesOf(directory);
  watch(directory, { recursive: true }, (_, name) => {
    if (name === null || isOut(rules, directory, name)) return;
    clearTimeout(timer);
    timer = setTimeout(() => changed.resolve(name), QUIET_MS);
  });
  for (;;) {
    changed = Promise.withResolvers();
    await send().catch((error: unknown) => report(context, error, { json: false }));
    context.err.line(
      context.err.paint("dim", `Watching ${relative(context.directory, directory) || "."}; end with Ctrl-C.`),
    );
    context.err.line(`${await changed.promise} changed.`);
  }
}

/** A path is left out with any directory above it. */
function isOut(rules: Rules, directory: string, name: string): boolean {
  const parts = name.split("/");
  return parts.some((_, index) =>
    isIgnored(rules, join(directory, ...parts.slice(0, index + 1)), {
      isDirectory: index < parts.length - 1,
    }),
  );
}
