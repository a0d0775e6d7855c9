import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";

import { undefinedIfMissing } from "../lib/files.ts";

/** Everything that a runner puts into its data directory. */
const OWN =
  /^(?:lock|runner\.json|swarm\.json|staging|takeover|removed|runtime|agents|deployments|webhooks|logs|seccomp-[0-9a-f]+\.json)$/;

/** What in a data directory a runner has made, and what it has not. */
export async function ownEntries(dataDir: string): Promise<{ own: string[]; others: string[] }> {
  const names = (await readdir(dataDir).catch(undefinedIfMissing)) ?? [];
  return {
    own: names.filter((name) => OWN.test(name)),
    others: names.filter((name) => !OWN.test(name)),
  };
}

/** Removes the runner's own, and the directory if nothing else is in it. */
export async function removeOwn(dataDir: string): Promise<void> {
  const { own, others } = await ownEntries(dataDir);
  for (const name of own) await rm(join(dataDir, name), { recursive: true, force: true });
  if (others.length === 0) await rmdir(dataDir).catch(undefinedIfMissing);
}
