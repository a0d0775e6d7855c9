import { readFile, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { Clock } from "../../lib/clock.ts";
import { parseJson } from "../../lib/json.ts";
import type { Log } from "../../lib/log.ts";
import { namesIn } from "./files.ts";

/** No build takes so long, milliseconds; so often they are looked for, too. */
const BUILD_OVER_MS = 3_600_000;

/** Files that one look reads: there may be those of years. */
const MAX_READ = 2_000;

const Ref = Type.Object({ LocalPath: Type.String() });

/** Where buildx, started with this environment, writes a file for each build, and never removes one. */
export function buildRefsDir(environment: Record<string, string | undefined>): string {
  const docker = environment["DOCKER_CONFIG"] ?? join(environment["HOME"] ?? homedir(), ".docker");
  return join(environment["BUILDX_CONFIG"] ?? join(docker, "buildx"), "refs");
}

/** Removes buildx's files of builds from this data directory that have ended, once an hour. Never rejects. */
export function createBuildRefSweep(
  { clock, log }: { clock: Clock; log: Log },
  { refsDir, dataDir }: { refsDir: string; dataDir: string },
): () => Promise<void> {
  let next = -Infinity;
  return async () => {
    if (clock.monotonic() < next) return;
    next = clock.monotonic() + BUILD_OVER_MS;
    try {
      const paths = await refsIn(refsDir);
      // From any place, since those of others stay and must not hide the rest.
      const start = Math.floor(Math.random() * paths.length);
      for (const path of [...paths.slice(start), ...paths.slice(0, start)].slice(0, MAX_READ))
        if (await isOver(path, { dataDir, now: clock.now() })) await rm(path, { force: true });
    } catch (error) {
      log.debug({ err: error }, "could not remove buildx's files of earlier builds");
    }
  };
}

/** `refs/<builder>/<node>/<build>`. */
async function refsIn(refsDir: string): Promise<string[]> {
  const builders = (await namesIn(refsDir)).filter((name) => !name.startsWith("__") && name !== "version");
  const nodes = await Array.fromAsync(builders, async (builder) =>
    (await namesIn(join(refsDir, builder))).map((node) => join(refsDir, builder, node)),
  );
  const refs = await Array.fromAsync(nodes.flat(), async (node) =>
    (await namesIn(node)).map((ref) => join(node, ref)),
  );
  return refs.flat();
}

async function isOver(path: string, { dataDir, now }: { dataDir: string; now: number }): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || now - facts.mtimeMs < BUILD_OVER_MS) return false;
  const ref = parseJson(await readFile(path, "utf8").catch(() => ""));
  return Value.Check(Ref, ref) && ref.LocalPath.startsWith(`${dataDir}/`);
}
