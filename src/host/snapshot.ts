import { copyFile, link, mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { undefinedIfMissing } from "../lib/files.ts";

/** How often an agent is copied again when deploys come between. */
const ATTEMPTS = 20;

/** Written in place, unlike all other files. */
const REWRITTEN = "last_invoked";

/**
 * A copy of the state of a data directory whose runner may be at work, made of hard links. Every file of an agent is
 * written once, or renamed into its place; so an agent is whole if its record is the same after as before.
 */
export async function snapshot(dataDir: string, into: string): Promise<{ agents: number }> {
  await mkdir(into, { recursive: true, mode: 0o700 });
  await copyFile(join(dataDir, "runner.json"), join(into, "runner.json"));
  await mkdir(join(into, "agents"), { mode: 0o700 });
  const ids = (await readdir(join(dataDir, "agents")).catch(undefinedIfMissing)) ?? [];
  const copied = await Array.fromAsync(ids, (id) =>
    copyAgent(join(dataDir, "agents", id), join(into, "agents", id)),
  );
  await mkdir(join(into, "deployments"), { mode: 0o700 });
  for (const id of ids.filter((_, at) => copied[at]))
    await copyRecords(join(dataDir, "deployments", id), join(into, "deployments", id));
  return { agents: copied.filter((isThere) => isThere).length };
}

/** False for an agent that was removed meanwhile, or has never been deployed to the end. */
async function copyAgent(from: string, into: string): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await recordOf(from);
    if (before === undefined) return false;
    const isWhole = await copyTree(from, into).then(
      () => true,
      // A version was removed, or a temporary file renamed.
      (error: unknown) => undefinedIfMissing(error) ?? false,
    );
    if (isWhole && (await recordOf(from)) === before) return true;
    await rm(into, { recursive: true, force: true });
  }
  throw new Error(`${from} changes all the time: try again when no deploy is under way`);
}

function recordOf(directory: string): Promise<string | undefined> {
  return readFile(join(directory, "agent.json"), "utf8").catch(undefinedIfMissing);
}

async function copyTree(from: string, into: string): Promise<void> {
  await mkdir(into, { mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(into, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.name === REWRITTEN) await copyFile(source, target);
    else await link(source, target);
  }
}

/** Records are renamed into their place, and the oldest removed, while deploys go on. */
async function copyRecords(from: string, into: string): Promise<void> {
  const names = (await readdir(from).catch(undefinedIfMissing)) ?? [];
  await mkdir(into, { mode: 0o700 });
  for (const name of names.filter((it) => it.endsWith(".json")))
    await link(join(from, name), join(into, name)).catch(undefinedIfMissing);
}
