import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { containmentSettings } from "../config/derived.ts";
import { tryLock } from "../config/file-lock.ts";
import { readIdentity } from "../config/identity.ts";
import type { Config } from "../config/load.ts";
import { createDockerExec } from "../docker/exec.ts";
import { createFirewall, createRunCommand } from "../docker/firewall/backend.ts";
import { sweep } from "../docker/firewall/sweep.ts";
import { type Made, isFreeNetwork, listMade, removeMade } from "../docker/made.ts";
import { undefinedIfMissing } from "../lib/files.ts";
import { StartError } from "../lib/start-error.ts";
import { ownEntries, removeOwn } from "../host/data-dir.ts";

type Environment = Record<string, string | undefined>;

/** All that a runner has made, apart from the files of its service. */
export type Removal = {
  dataDir: string;
  /** In the data directory. */
  entries: string[];
  /** Left there: somebody else's. */
  others: string[];
  engine: Made;
  /** Removes all of it. Throws StartError while a runner is using the directory. */
  remove(): Promise<void>;
};

/** Looks what the runner of a data directory has made in the engine and on disk. Changes nothing. */
export async function findMade(config: Config, environment: Environment): Promise<Removal> {
  const { dataDir, network } = config;
  const { own: entries, others } = await ownEntries(dataDir);
  const exec = createDockerExec({ environment });
  const engine = await madeInEngine(dataDir, exec);
  if (await isFreeNetwork(exec, network, engine.containers)) engine.networks.push(network);
  return {
    dataDir,
    entries,
    others,
    engine,
    async remove() {
      const lock = entries.length === 0 ? undefined : await tryLock(join(dataDir, "lock"));
      if (lock === undefined && entries.length > 0)
        throw new StartError(`A runner is using ${dataDir}; stop it first.`);
      try {
        await removeMade(exec, engine);
        const run = createRunCommand(exec, containmentSettings(config, environment).firewallImage);
        // Without the right to the firewall there are no rules of ours either.
        await sweep({ exec, run, firewall: createFirewall(exec, run) }).catch(() => undefined);
        await removeOwn(dataDir);
      } finally {
        await lock?.release();
      }
    },
  };
}

/** A directory without an identity has made nothing there. */
async function madeInEngine(dataDir: string, exec: ReturnType<typeof createDockerExec>): Promise<Made> {
  const text = await readFile(join(dataDir, "runner.json"), "utf8").catch(undefinedIfMissing);
  if (text === undefined) return { containers: [], images: [], networks: [], volumes: [] };
  const { runnerId } = await readIdentity(dataDir);
  return listMade(exec, runnerId);
}
