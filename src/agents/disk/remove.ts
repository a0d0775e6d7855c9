import { rm } from "node:fs/promises";

import { RunnerError } from "../../lib/errors.ts";
import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";
import { agentUse } from "./agent-use.ts";
import type { Chosen } from "./decide.ts";

export type RemoveParts = Pick<
  AgentParts,
  "engine" | "registry" | "names" | "operations" | "clock" | "log"
> & {
  builder: Pick<AgentParts["builder"], "builds">;
};

/** What went, with the bytes that this gave. */
export type Removed = { chosen: Chosen; freed: number };

/**
 * Removes what was chosen, in its order, until `isOver`. What has come into use since is left, and so is what cannot be
 * removed; only an engine that does not answer ends it.
 */
export async function removeChosen(
  parts: RemoveParts,
  chosen: readonly Chosen[],
  isOver: () => boolean,
): Promise<Removed[]> {
  const removed: Removed[] = [];
  for (let at = 0; at < chosen.length && !isOver();) {
    const together = takeTogether(chosen, at);
    at += together.length;
    try {
      removed.push(...(await removeSome(parts, together)));
    } catch (error) {
      if (error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE") throw error;
      parts.log.warn({ what: together[0]?.name, err: error }, "could not remove what makes room on disk");
    }
  }
  return removed;
}

/** Records of the cache in a row: one command removes many of them. */
function takeTogether(chosen: readonly Chosen[], at: number): Chosen[] {
  if (!isCache(chosen[at])) return chosen.slice(at, at + 1);
  const end = chosen.findIndex((it, index) => index > at && !isCache(it));
  return chosen.slice(at, end === -1 ? undefined : end);
}

async function removeSome(parts: RemoveParts, together: Chosen[]): Promise<Removed[]> {
  const [first] = together;
  if (first === undefined) return [];
  const { removal, frees } = first.candidate;
  if (removal.kind === "cache") return removeCache(parts, together);
  const isGone = await removeOne(parts, removal);
  return isGone ? [{ chosen: first, freed: frees }] : [];
}

function isCache(chosen: Chosen | undefined): boolean {
  return chosen?.candidate.removal.kind === "cache";
}

/** The engine says how much it gave in all: some may have come into use. */
async function removeCache({ engine }: RemoveParts, records: Chosen[]): Promise<Removed[]> {
  const ids = records.flatMap(({ candidate: { removal } }) => (removal.kind === "cache" ? [removal.id] : []));
  let left = await engine.pruneCache(ids);
  return records.map((chosen) => {
    const freed = Math.min(left, chosen.candidate.frees);
    left -= freed;
    return { chosen, freed };
  });
}

type OneRemoval = Exclude<Chosen["candidate"]["removal"], { kind: "cache" }>;

/** False if it is in use by now. */
async function removeOne(parts: RemoveParts, removal: OneRemoval): Promise<boolean> {
  if (removal.kind === "staging") {
    await rm(removal.path, { recursive: true, force: true });
    return true;
  }
  if (removal.kind !== "unnamed_image") return removeOfAgent(parts, removal);
  // An image is without a name for a moment when it is made.
  if (parts.builder.builds().running > 0) return false;
  await parts.engine.removeUnnamedImages([removal.id]);
  return true;
}

/**
 * Within the agent's turn, so that no deploy or rollback is at it; one that is under way goes first, and a wake waits
 * until it is done.
 */
async function removeOfAgent(
  parts: RemoveParts,
  { kind, agentId, version }: Exclude<OneRemoval, { kind: "staging" | "unnamed_image" }>,
): Promise<boolean> {
  const { operations, registry, names, clock, engine } = parts;
  if (operations.isBusy(agentId)) return false;
  return operations.run(agentId, { name: "clean-up" }, async () => {
    const agent = registry.find(agentId);
    if (agent === undefined) return false;
    const use = agentUse(agent, { names, now: clock.now() });
    const found = use.versions.find(({ number }) => number === version);
    if (found === undefined || found.use === "held" || (kind === "container" && !use.isAsleep)) return false;
    return holding(agent, version, async () => {
      await engine.removeContainer(names.container(agentId, version));
      if (kind === "image") await engine.removeLocalImages([found.image]);
    });
  });
}

/** Does `work` while nothing of the version can be started. Those who wait for that must not meet its failure. */
async function holding(agent: Agent, version: number, work: () => Promise<void>): Promise<boolean> {
  const done = Promise.withResolvers<boolean>();
  void agent.retirements.add(version, {
    work: () => work().then(() => done.resolve(true), done.reject),
  });
  return done.promise;
}
