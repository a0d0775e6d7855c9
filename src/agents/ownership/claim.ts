import { Value } from "@sinclair/typebox/value";

import type { Claim, Engine, ListedClaim } from "../../docker/types.ts";
import { RunnerError } from "../../lib/errors.ts";
import { parseJson } from "../../lib/json.ts";
import { StartError } from "../../lib/start-error.ts";
import { Holder, type Life } from "../../model/holder.ts";

type ClaimWork = {
  engine: Pick<Engine, "claims" | "claim" | "releaseClaim">;
  runnerId: string;
  /** This process. */
  own: Holder;
  lifeOf: (holder: Holder) => Promise<Life>;
  /** Whether the holder of a claim has ended, whatever else is known of it. */
  isOver?: (claim: ListedClaim) => boolean;
};

export type ClaimOptions = ClaimWork & {
  /** Has the error with which a claim failed for good. */
  onLost: (error: StartError) => void;
};

/** The agents of `runnerId`, as this process's. */
export type OwnClaim = {
  /**
   * Claims them when it is first called, and again if the engine did not answer. Rejects for good with StartError when
   * another process runs them, or may.
   */
  take(): Promise<void>;
  /**
   * Looks whether the engine still has what was claimed, and claims it anew where somebody removed that. False if it was
   * gone. Rejects as `take` does.
   */
  look(): Promise<boolean>;
  /** Leaves no trace in the engine. */
  release(): Promise<void>;
};

export function createClaim(options: ClaimOptions): OwnClaim {
  const { engine, runnerId, own, onLost } = options;
  let claiming: Promise<Claim> | undefined;
  const take = async () => {
    claiming ??= claimAgents(options).catch((error: unknown) => {
      if (error instanceof StartError) onLost(error);
      else claiming = undefined;
      throw error;
    });
    await claiming;
  };
  return {
    take,
    async look() {
      await take();
      const isThere = isOf((await claimsOf(engine, runnerId)).at(-1), own);
      if (isThere) return true;
      claiming = undefined;
      await take();
      return false;
    },
    async release() {
      const claim = await claiming?.catch(() => undefined);
      if (claim !== undefined) await engine.releaseClaim(claim);
    },
  };
}

/**
 * Writes this process into the engine as the one that runs the agents of `runnerId`: the lock of a data directory does
 * not hold for a copy. Of processes that try at once, one succeeds: the generation after an ended one is written once
 * only, and whoever finds a higher one afterwards has come too late.
 */
export async function claimAgents(work: ClaimWork): Promise<Claim> {
  const { engine, runnerId, own } = work;
  const before = await claimsOf(engine, runnerId);
  const last = before.at(-1);
  // The engine may have gone away right after it had taken the claim.
  if (last !== undefined && isOf(last, own)) return last;
  if (last !== undefined) await requireEnded(last, work);
  const claim = { runnerId, generation: (last?.generation ?? 0) + 1, holder: JSON.stringify(own) };
  await engine.claim(claim);
  const winner = (await claimsOf(engine, runnerId)).at(-1);
  if (winner === undefined)
    throw new RunnerError("ENGINE_UNAVAILABLE", "The Docker engine does not keep what it is told to.");
  if (winner.holder !== claim.holder) {
    if (winner.generation !== claim.generation) await engine.releaseClaim(claim);
    throw heldBy(holderOf(winner), own);
  }
  for (const outdated of before) await engine.releaseClaim(outdated);
  return claim;
}

/** Undefined for what a later version wrote, or another program. */
export function holderOf({ holder }: Claim): Holder | undefined {
  const value = parseJson(holder);
  return Value.Check(Holder, value) ? value : undefined;
}

export async function claimsOf(engine: Pick<Engine, "claims">, runnerId: string): Promise<ListedClaim[]> {
  const claims = (await engine.claims()).filter((claim) => claim.runnerId === runnerId);
  return claims.sort((one, other) => one.generation - other.generation);
}

function isOf(claim: Claim | undefined, own: Holder): boolean {
  return claim?.holder === JSON.stringify(own);
}

async function requireEnded(claim: ListedClaim, { own, lifeOf, isOver }: ClaimWork): Promise<void> {
  if (isOver?.(claim) === true) return;
  const holder = holderOf(claim);
  const life = holder === undefined ? "unknown" : await lifeOf(holder);
  if (life === "running") throw heldBy(holder, own);
  if (life === "unknown") throw mayBeHeldBy(holder, own, claim);
}

function heldBy(holder: Holder | undefined, own: Holder): StartError {
  return new StartError(
    `OKEN_DATA_DIR is ${quoted(own)}, which has the identity of the runner ${shown(holder)}, and that one is running; stop it, or remove runner.json from the copy, which makes it a runner of its own.`,
  );
}

function mayBeHeldBy(holder: Holder | undefined, own: Holder, { name, beat }: ListedClaim): StartError {
  // Those that beat are services of a swarm.
  const kind = beat === undefined ? "volume" : "service";
  return new StartError(
    `OKEN_DATA_DIR is ${quoted(own)}, which has the identity of the runner ${shown(holder)}, and that one may be running; if it has ended for good, run: docker ${kind} rm ${name}`,
  );
}

function shown(holder: Holder | undefined): string {
  if (holder === undefined) return "of another version";
  return `in ${quoted(holder)} on host ${holder.host} as process ${holder.pid}`;
}

function quoted({ dataDir }: Holder): string {
  return JSON.stringify(dataDir);
}
