import { lstat } from "node:fs/promises";
import { join } from "node:path";

import { undefinedIfMissing } from "../../lib/files.ts";
import { bytesOf, namesIn } from "./files.ts";

/** What is in the data directory, bytes. */
export type OwnFiles = {
  versions: { agentId: string; version: number; bytes: number }[];
  /** What builds keep of each agent: lists of packages, and wheels that were built from source. */
  kept: { agentId: string; bytes: number }[];
  staging: { path: string; bytes: number; changedAt: number }[];
  deployments: { agentId: string; bytes: number }[];
};

/**
 * Counts the files of the data directory. The files of a version are written once, so each is counted once in the life
 * of the process.
 */
export function createOwnFiles(dataDir: string): () => Promise<OwnFiles> {
  let known = new Map<string, number>();
  const agentsDir = join(dataDir, "agents");

  return async () => {
    const [before, now] = [known, new Map<string, number>()];
    known = now;
    const versionBytes = async (directory: string): Promise<number> => {
      // The next version of this number is another directory.
      const facts = await lstat(directory).catch(undefinedIfMissing);
      const key = `${directory} ${facts?.ino} ${facts?.mtimeMs}`;
      const bytes = before.get(key) ?? (await bytesOf(directory));
      now.set(key, bytes);
      return bytes;
    };
    const agentIds = await namesIn(agentsDir);
    // One after the other: an agent may have a hundred thousand files.
    const versions = await Array.fromAsync(agentIds, (agentId) =>
      versionsOf(agentId, join(agentsDir, agentId, "versions"), versionBytes),
    );
    const kept = await Array.fromAsync(agentIds, async (agentId) => ({
      agentId,
      bytes: await bytesOf(join(agentsDir, agentId, "kept")),
    }));
    const deployments = await Array.fromAsync(
      await namesIn(join(dataDir, "deployments")),
      async (agentId) => ({
        agentId,
        bytes: await bytesOf(join(dataDir, "deployments", agentId)),
      }),
    );
    return { versions: versions.flat(), kept, deployments, staging: await stagingOf(dataDir) };
  };
}

async function versionsOf(
  agentId: string,
  directory: string,
  measure: (directory: string) => Promise<number>,
): Promise<OwnFiles["versions"]> {
  const numbers = (await namesIn(directory)).filter((name) => /^\d+$/.test(name));
  return Array.fromAsync(numbers, async (name) => ({
    agentId,
    version: Number(name),
    bytes: await measure(join(directory, name)),
  }));
}

/** Of each deploy, backup and upload that is under way, or was left. */
async function stagingOf(dataDir: string): Promise<OwnFiles["staging"]> {
  const root = join(dataDir, "staging");
  const uploads = join(root, "uploads");
  const paths = [
    ...(await namesIn(root)).map((name) => join(root, name)).filter((path) => path !== uploads),
    ...(await namesIn(uploads)).map((name) => join(uploads, name)),
  ];
  const found = await Array.fromAsync(paths, async (path) => {
    const facts = await lstat(path).catch(undefinedIfMissing);
    return facts === undefined ? [] : [{ path, bytes: await bytesOf(path), changedAt: facts.mtimeMs }];
  });
  return found.flat();
}
