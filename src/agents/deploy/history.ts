import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Value } from "@sinclair/typebox/value";

import { undefinedIfMissing } from "../../lib/files.ts";
import { DeploymentRecord } from "./record.ts";

/** Deployments that are kept of each agent. */
export const KEPT_DEPLOYMENTS = 20;

/**
 * The records of deployments, in `deployments/` of the data directory. They have a place of their own, since an agent
 * whose first deploy fails has none.
 */
export type History = {
  /** Looks which there are, and removes those of no agent. */
  load(isAgent: (agentId: string) => boolean): Promise<void>;
  /** Of an agent, ascending. */
  numbers(agentId: string): readonly number[];
  /** Gives the next number, and forgets the oldest deployment where there are too many. */
  next(agentId: string): number;
  /** Nothing is written of a deployment that was forgotten meanwhile. */
  write(record: DeploymentRecord): Promise<void>;
  /** Undefined where there is none, or a damaged one. */
  read(agentId: string, number: number): Promise<DeploymentRecord | undefined>;
  forget(agentId: string): Promise<void>;
};

export function createHistory(dataDir: string): History {
  const root = join(dataDir, "deployments");
  const byAgent = new Map<string, readonly number[]>();
  const pathOf = (agentId: string, number: number) => join(root, agentId, `${number}.json`);
  const numbers = (agentId: string) => byAgent.get(agentId) ?? [];
  const removeAll = (agentId: string) => rm(join(root, agentId), { recursive: true, force: true });

  const loadAgent = async (agentId: string) => {
    const files = (await namesIn(join(root, agentId))).map((name) => /^(\d+)\.json$/.exec(name)?.[1]);
    const found = files.filter((digits) => digits !== undefined).map(Number);
    byAgent.set(agentId, found.sort((one, other) => one - other).slice(-KEPT_DEPLOYMENTS));
  };

  return {
    async load(isAgent) {
      const agentIds = await namesIn(root);
      await Promise.all(agentIds.map((id) => (isAgent(id) ? loadAgent(id) : removeAll(id))));
    },
    numbers,
    next(agentId) {
      const number = (numbers(agentId).at(-1) ?? 0) + 1;
      byAgent.set(agentId, [...numbers(agentId), number].slice(-KEPT_DEPLOYMENTS));
      return number;
    },
    async write(record) {
      const { agent_id, number } = record;
      if (!numbers(agent_id).includes(number)) return;
      const path = pathOf(agent_id, number);
      await mkdir(join(root, agent_id), { recursive: true, mode: 0o700 });
      // Worth no sync: a record that a crash of the host takes says only what was.
      await writeFile(`${path}.tmp`, JSON.stringify(record), { mode: 0o600 });
      await rename(`${path}.tmp`, path);
      await rm(pathOf(agent_id, number - KEPT_DEPLOYMENTS), { force: true });
    },
    async read(agentId, number) {
      const text = await readFile(pathOf(agentId, number), "utf8").catch(undefinedIfMissing);
      const parsed: unknown = text === undefined ? undefined : safeParse(text);
      return Value.Check(DeploymentRecord, parsed) ? parsed : undefined;
    },
    async forget(agentId) {
      byAgent.delete(agentId);
      await removeAll(agentId);
    },
  };
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(undefinedIfMissing)) ?? [];
}
