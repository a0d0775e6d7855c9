import { createHash } from "node:crypto";
import { join } from "node:path";

import type { DependencyPlan } from "../dependencies/plan.ts";
import { fileDigest, treeName } from "./content-name.ts";
import { type BuildRun, pythonOf } from "./run.ts";

/** Hex digits of a key: 128 bits. */
const KEY_LENGTH = 32;

/** The key of what a build's dependency files resolve to. */
export async function resolutionKeyOf(run: BuildRun): Promise<string> {
  const { plan, request } = run;
  // Where the project itself is built into a wheel, that wheel holds its code.
  const isOwnCode = plan.builds.length > 0 || plan.dynamic.length > 0;
  const code = isOwnCode ? await treeName("code", request.tree) : "";
  return resolutionKey(plan, { python: pythonOf(run), code, contents: await contentsOf(run) });
}

/** Digests of the files of the upload that the lock names, such as wheels: another may come under the same name. */
async function contentsOf({ plan, request }: BuildRun): Promise<string[]> {
  const paths = Object.values(plan.copies).sort();
  return await Promise.all(paths.map((path) => fileDigest(join(request.tree, path))));
}

/** Names what dependency files resolve to. Versions keep it, so what it is made of must not change. */
export function resolutionKey(
  plan: DependencyPlan,
  options: {
    /** The Python that wheels are built for. */
    python: string;
    /** Digest of the upload where wheels hold its own code; empty where they do not. */
    code: string;
    contents: string[];
  },
): string {
  const { lock, files, builds, dynamic, sdists, vendored, copies, compileFlags } = plan;
  const { python, code, contents } = options;
  const parts = JSON.stringify({
    lock,
    files,
    builds,
    dynamic,
    sources: sdists,
    vendored,
    copies,
    compileFlags,
    python,
    ...(code === "" ? {} : { code }),
    ...(contents.length === 0 ? {} : { contents }),
  });
  return createHash("sha256").update(parts).digest("hex").slice(0, KEY_LENGTH);
}
