import { chmod, mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { type Reach, reachNothing } from "../lib/fail-points.ts";
import { syncPath, syncTree, undefinedIfMissing, writeDurably } from "../lib/files.ts";
import { AGENT_HOME } from "../lib/agent-container.ts";
import { AgentRecord, VersionRecord } from "../model/agent.ts";

/**
 * The agents' part of the data directory:
 * `agents/<id>/agent.json` and `agents/<id>/versions/<n>/{version.json, passwd, tree-<digest>/, build/}; see `secrets/` for those`.
 */
export type Store = {
  /** Where builds find the Python that runs inside containers. The builder makes it. */
  runtimeDir: string;
  agentDir(agentId: string): string;
  versionDir(agentId: string, version: number): string;
  /** The version's source; the base name is unique to its content. */
  treeDir(agentId: string, version: Pick<VersionRecord, "version" | "tree_digest">): string;
  /** Where builds of the version put what they read. */
  buildDir(agentId: string, version: number): string;
  /** Mounted as `/etc/passwd`, so that the agent's user has a name. */
  passwdPath(agentId: string, version: number): string;
  /** What is in it goes when the runner starts. */
  readonly stagingDir: string;
  /** A fresh directory on the same file system as the agents, removed when the runner starts. */
  createStaging(): Promise<string>;
  /** Where uploads are received, on the same file system and removed at the start as well. */
  uploadsDir(): Promise<string>;
  /** And the files of agents that were removed. */
  clearStaging(): Promise<void>;
  listAgents(): Promise<string[]>;
  writeAgent(record: AgentRecord): Promise<void>;
  /** Undefined when no deploy of the agent was ever finished. */
  readAgent(agentId: string): Promise<AgentRecord | undefined>;
  readVersion(agentId: string, version: number): Promise<VersionRecord>;
  /** When it was last invoked, wall clock, milliseconds. In a file of its own, since it is not worth a sync. */
  readLastInvoked(agentId: string): Promise<number | undefined>;
  writeLastInvoked(agentId: string, at: number): Promise<void>;
  /** Numbers of the version directories, those of unfinished deploys included. */
  listVersions(agentId: string): Promise<number[]>;
  writeVersion(agentId: string, record: VersionRecord): Promise<void>;
  /** Has the version's source on the disk, and the directories that lead to it. */
  syncSource(agentId: string, version: Pick<VersionRecord, "version" | "tree_digest">): Promise<void>;
  writePasswd(agentId: string, version: number, userId: number): Promise<void>;
  removeVersion(agentId: string, version: number): Promise<void>;
  /** At once: a crash leaves all of the agent or nothing. It is among the removed from then on. */
  removeAgent(agentId: string): Promise<void>;
  /** Agents that were removed, and may have data in the engine. */
  listRemoved(): Promise<string[]>;
  /** Nothing of it is left. */
  forgetRemoved(agentId: string): Promise<void>;
  /** Removes what a crash left of an agent's writes and builds. */
  clearUnfinished(agentId: string): Promise<void>;
};

/** What `resolution_key` was called in older records. */
const StoredVersion = Type.Intersect([
  VersionRecord,
  Type.Object({ packages: Type.Optional(Type.String()) }),
]);

export function createStore(dataDir: string, reach: Reach = reachNothing): Store {
  const agents = join(dataDir, "agents");
  const staging = join(dataDir, "staging");
  const removed = join(dataDir, "removed");
  const agentDir = (agentId: string) => join(agents, agentId);
  const versionsDir = (agentId: string) => join(agentDir(agentId), "versions");
  const versionDir = (agentId: string, version: number) => join(versionsDir(agentId), String(version));
  const passwdPath = (agentId: string, version: number) => join(versionDir(agentId, version), "passwd");
  const treeDir: Store["treeDir"] = (agentId, { version, tree_digest }) =>
    join(versionDir(agentId, version), `tree-${tree_digest}`);
  const buildDir = (agentId: string, version: number) => join(versionDir(agentId, version), "build");
  const lastInvokedPath = (agentId: string) => join(agentDir(agentId), "last_invoked");

  return {
    runtimeDir: join(dataDir, "runtime"),
    stagingDir: staging,
    agentDir,
    versionDir,
    treeDir,
    buildDir,
    passwdPath,

    async createStaging() {
      const path = join(staging, Bun.randomUUIDv7());
      await mkdir(path, { recursive: true, mode: 0o700 });
      return path;
    },
    async uploadsDir() {
      const path = join(staging, "uploads");
      await mkdir(path, { recursive: true, mode: 0o700 });
      return path;
    },
    async clearStaging() {
      await rm(staging, { recursive: true, force: true });
      for (const agentId of await names(removed)) await empty(join(removed, agentId));
    },

    listAgents: () => names(agents),
    readAgent: (agentId) =>
      readRecord(join(agentDir(agentId), "agent.json"), AgentRecord).catch(undefinedIfMissing),
    async writeAgent(record) {
      await mkdir(agentDir(record.agent_id), { recursive: true, mode: 0o700 });
      const path = join(agentDir(record.agent_id), "agent.json");
      await writeDurably(path, JSON.stringify(record, null, 2), () => reach("record.written"));
    },

    async readLastInvoked(agentId) {
      const text = await readFile(lastInvokedPath(agentId), "utf8").catch(undefinedIfMissing);
      const at = text === undefined ? Number.NaN : Date.parse(text);
      return Number.isNaN(at) ? undefined : at;
    },
    writeLastInvoked: (agentId, at) =>
      writeFile(lastInvokedPath(agentId), new Date(at).toISOString(), { mode: 0o600 }),

    async readVersion(agentId, version) {
      const path = join(versionDir(agentId, version), "version.json");
      const { packages, ...record } = await readRecord(path, StoredVersion);
      return packages === undefined ? record : { resolution_key: packages, ...record };
    },
    listVersions: async (agentId) => (await names(versionsDir(agentId))).map(Number).filter(Number.isInteger),
    async writeVersion(agentId, record) {
      await writeDurably(
        join(versionDir(agentId, record.version), "version.json"),
        JSON.stringify(record, null, 2),
      );
    },
    async syncSource(agentId, version) {
      await syncTree(treeDir(agentId, version));
      const above = [versionDir(agentId, version.version), versionsDir(agentId), agentDir(agentId), agents];
      for (const directory of above) await syncPath(directory);
    },
    async writePasswd(agentId, version, userId) {
      const path = passwdPath(agentId, version);
      await writeDurably(path, passwdText(userId));
      await chmod(path, 0o444);
    },

    removeVersion: (agentId, version) => rm(versionDir(agentId, version), { recursive: true, force: true }),
    async removeAgent(agentId) {
      if ((await stat(agentDir(agentId)).catch(undefinedIfMissing)) === undefined) return;
      await mkdir(removed, { recursive: true, mode: 0o700 });
      await rename(agentDir(agentId), join(removed, agentId));
      await syncPath(removed);
      await syncPath(agents);
      await reach("remove.renamed");
      await empty(join(removed, agentId));
      await reach("remove.files");
    },
    listRemoved: () => names(removed),
    forgetRemoved: (agentId) => rm(join(removed, agentId), { recursive: true, force: true }),
    async clearUnfinished(agentId) {
      const directories = (await names(versionsDir(agentId))).map((name) => join(versionsDir(agentId), name));
      for (const directory of [agentDir(agentId), ...directories]) {
        const left = (await names(directory)).filter((name) => name.endsWith(".tmp") || name === "build");
        for (const name of left) await rm(join(directory, name), { recursive: true, force: true });
      }
    },
  };
}

function passwdText(userId: number): string {
  const users = [
    "root:x:0:0:root:/root:/usr/sbin/nologin",
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
    `agent:x:${userId}:${userId}:agent:${AGENT_HOME}:/bin/sh`,
  ];
  return `${users.join("\n")}\n`;
}

async function readRecord<T extends TSchema>(path: string, schema: T) {
  const parsed: unknown = JSON.parse(await readFile(path, "utf8"));
  // Checked, not parsed: parsing would drop the properties that the schema leaves open.
  if (Value.Check(schema, parsed)) return parsed;
  const flaw = Value.Errors(schema, parsed).First();
  throw new Error(`${path} is damaged at ${flaw?.path ?? "its root"}: ${flaw?.message ?? "not as expected"}`);
}

async function empty(directory: string): Promise<void> {
  for (const name of await names(directory))
    await rm(join(directory, name), { recursive: true, force: true });
}

async function names(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(undefinedIfMissing)) ?? [];
}
