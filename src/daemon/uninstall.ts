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
import type { MadeInSwarm } from "../docker/swarm/made.ts";
import { undefinedIfMissing } from "../lib/files.ts";
import { StartError } from "../lib/start-error.ts";
import { ownEntries, removeOwn } from "../host/data-dir.ts";
import { findInSwarm } from "./uninstall-swarm.ts";

type Environment = Record<string, string | undefined>;

/** All that a runner has made, apart from the files of its service. */
export type Removal = {
  dataDir: string;
  /** In the data directory. */
  entries: string[];
  /** Left there: somebody else's. */
  others: string[];
  engine: Made;
  swarm: MadeInSwarm;
  /** References of images in the registry of a swarm. */
  pushed: string[];
  /** Sentences about what stays. */
  stays: string[];
  /** Removes all of it, and says what could not be. Throws StartError while a runner is using the directory. */
  remove(): Promise<string[]>;
};

/** Looks what the runner of a data directory has made in the engine and on disk. Changes nothing. */
export async function findMade(config: Config, environment: Environment): Promise<Removal> {
  const { dataDir, network } = config;
  const { own: entries, others } = await ownEntries(dataDir);
  const exec = createDockerExec({ environment });
  const engine = await madeInEngine(dataDir, exec);
  if (await isFreeNetwork(exec, network, engine.containers)) engine.networks.push(network);
  const swarm = await findInSwarm(config, { exec, environment, built: engine.images });
  return {
    dataDir,
    entries,
    others,
    engine,
    ...{ swarm: swarm.made, pushed: swarm.images, stays: swarm.stays },
    async remove() {
      const lock = entries.length === 0 ? undefined : await tryLock(join(dataDir, "lock"));
      if (lock === undefined && entries.length > 0)
        throw new StartError(`A runner is using ${dataDir}; stop it first.`);
      try {
        const left = await swarm.remove();
        await removeMade(exec, engine);
        const run = createRunCommand(exec, containmentSettings(config, environment).firewallImage);
        // Without the right to the firewall there are no rules of ours either.
        await sweep({ exec, run, firewall: createFirewall(exec, run) }).catch(() => undefined);
        await removeOwn(dataDir);
        return left;
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
