import { mkdir, stat } from "node:fs/promises";

import type { Engine } from "../../docker/types.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import { undefinedIfMissing } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import type { VersionRecord } from "../../model/agent.ts";
import { keptText, restoreSecrets } from "../secrets/lost.ts";
import type { Store } from "../store.ts";
import { type KeptAgent, keptAgents } from "./kept-agents.ts";
import { type Mirror, createMirror } from "./mirror.ts";

/** Agents that are written at the same time: a disk syncs several at the cost of one. */
const TAKEN_AT_ONCE = 16;

type RecordParts = {
  engine: Pick<Engine, "records" | "keepRecord" | "dropRecords">;
  /** The disk's own. */
  store: Store;
  log: Log;
};

export type TakeOptions = {
  /** The directory was this runner's before: an agent that only it has was removed meanwhile. */
  isOwn: boolean;
};

/**
 * Has in the data directory what the swarm keeps: the runner may have been on another host since, or the directory may be
 * lost. What the swarm keeps wins. Gives the mirror, which goes on from there. Where it rejects it may be done again.
 */
export async function takeRecords(parts: RecordParts, { isOwn }: TakeOptions): Promise<Mirror> {
  const { engine, store, log } = parts;
  const { agents, used, left } = keptAgents(await engine.records());
  const mirror = createMirror(engine, used);
  const waiting = agents.values();
  const takeNext = async () => {
    for (const agent of waiting) await takeAgent(store, agent);
  };
  await Promise.all(Array.from({ length: TAKEN_AT_ONCE }, takeNext));
  const known = new Set(agents.map(({ record }) => record.agent_id));
  for (const agentId of await store.listAgents()) {
    if (known.has(agentId)) continue;
    if (!isOwn) await keepWhatIsHere(parts, { mirror, agentId });
    else {
      log.info({ agent_id: agentId }, "removing an agent that was removed elsewhere");
      await store.removeAgent(agentId);
    }
  }
  await engine
    .dropRecords(left)
    .catch((error: unknown) =>
      log.warn({ reason: messageOf(error) }, "records that count no more are left to the next start"),
    );
  return mirror;
}

async function takeAgent(store: Store, { record, versions }: KeptAgent): Promise<void> {
  const agentId = record.agent_id;
  for (const { record: version, secrets } of versions) {
    const directory = store.versionDir(agentId, version.version);
    const here = await store.readVersion(agentId, version.version).catch(() => undefined);
    if (!isOfSame(version, here)) await store.removeVersion(agentId, version.version);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (!Bun.deepEquals(here, version)) await store.writeVersion(agentId, version);
    if (secrets !== undefined) await restoreSecrets(directory, secrets);
    const { user_id: userId } = version;
    const passwd = await stat(store.passwdPath(agentId, version.version)).catch(undefinedIfMissing);
    if (userId !== undefined && passwd === undefined)
      await store.writePasswd(agentId, version.version, userId);
  }
  const here = await store.readAgent(agentId).catch(() => undefined);
  if (!Bun.deepEquals(here, record)) await store.writeAgent(record);
}

/** Whether two versions of a number were made from the same. */
function isOfSame(one: VersionRecord, other: VersionRecord | undefined): boolean {
  return other?.spec_digest === one.spec_digest && other.tree_digest === one.tree_digest;
}

/** What is on the disk already. */
const isHere = () => Promise.resolve();

/**
 * Of a runner of one host that has become one of a swarm. What is damaged is only on the disk, as it was. Rejects while the
 * managers do not answer.
 */
async function keepWhatIsHere(
  { store, log }: RecordParts,
  { mirror, agentId }: { mirror: Mirror; agentId: string },
): Promise<void> {
  try {
    const record = await store.readAgent(agentId);
    if (record === undefined) return;
    for (const version of record.versions) {
      const text = JSON.stringify(await store.readVersion(agentId, version));
      await mirror.write({ kind: "version", agentId, version }, text, isHere);
      const secrets = await keptText(store.versionDir(agentId, version));
      await mirror.write({ kind: "secrets", agentId, version }, secrets, isHere);
    }
    await mirror.write({ kind: "agent", agentId }, JSON.stringify(record), isHere);
  } catch (error) {
    if (error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE") throw error;
    log.error({ agent_id: agentId, err: error }, "an agent's records are on this host alone");
  }
}
