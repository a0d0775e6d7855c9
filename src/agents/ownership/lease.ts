import type { Claim, Engine, ListedClaim } from "../../docker/types.ts";
import type { Clock } from "../../lib/clock.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { StartError } from "../../lib/start-error.ts";
import type { Holder } from "../../model/holder.ts";
import { type ClaimOptions, type OwnClaim, claimAgents, claimsOf, holderOf } from "./claim.ts";
import { BEAT_MS, TRUST_MS, createBeatWatch } from "./beats.ts";

/** Pause between two looks whether the holder lives, and between two tries of a beat that failed, milliseconds. */
const RETRY_MS = 1_000;

/** Why a runner does not serve yet. */
export type Standby = { holder: Holder | undefined } | { reason: string };

/** A claim that lasts as long as its holder shows that it lives. */
export type Lease = OwnClaim & {
  /** Waits until nobody else has the agents, and has them then. `onWait` is told why it waits, at each look. */
  attain(options: { onWait: (standby: Standby) => void; signal: AbortSignal }): Promise<void>;
};

type LeaseOptions = ClaimOptions & {
  engine: Pick<Engine, "claims" | "claim" | "beat" | "releaseClaim">;
  clock: Clock;
  log: Log;
  /** Another process is the owner, or may become it. */
  isSuspended: () => boolean;
  /** Aborts at the end. */
  closing: AbortSignal;
};

/**
 * The agents of a runner whose hosts may change. A holder that was not heard changes nothing until it is, and ends when it
 * finds the claim of another one.
 */
export function createLease(options: LeaseOptions): Lease {
  const { engine, runnerId, lifeOf, clock, log, isSuspended, closing, onLost } = options;
  let claiming: Promise<Claim> | undefined;
  /** When the last beat began that has arrived. */
  let heardAt = Number.NEGATIVE_INFINITY;
  let beating: Promise<void> | undefined;
  let isKeeping = false;
  let isReleased = false;

  const claimNow = async (isOver: (claim: ListedClaim) => boolean = () => false): Promise<Claim> => {
    const startedAt = clock.monotonic();
    const claim = await claimAgents({ ...options, isOver });
    heardAt = startedAt;
    if (!isKeeping) void keep();
    isKeeping = true;
    return claim;
  };
  const take = () => {
    claiming ??= claimNow().catch(async (error: unknown) => {
      if (!(error instanceof StartError)) {
        claiming = undefined;
        throw error;
      }
      const lost = lostTo((await claimsOf(engine, runnerId).catch(() => [])).at(-1));
      onLost(lost);
      throw lost;
    });
    return claiming;
  };
  /** It is this process's still, or again: of a process that took over and has ended it may be taken back. */
  const beat = () =>
    (beating ??= (async () => {
      const claim = await take();
      const startedAt = clock.monotonic();
      if (await engine.beat(claim)) {
        heardAt = startedAt;
        return;
      }
      claiming = undefined;
      await take();
    })().finally(() => (beating = undefined)));

  async function keep(): Promise<void> {
    let failed: string | undefined;
    for (;;) {
      await clock.sleep(failed === undefined ? BEAT_MS : RETRY_MS, closing).catch(() => undefined);
      if (closing.aborted || isReleased) return;
      if (isSuspended()) continue;
      try {
        await beat();
        if (failed !== undefined) log.info("the swarm's managers answer again");
        failed = undefined;
      } catch (error) {
        // Told by `onLost`.
        if (error instanceof StartError) return;
        if (failed === undefined)
          log.warn({ reason: messageOf(error) }, "the swarm's managers do not answer; agents that run go on");
        failed = messageOf(error);
      }
    }
  }

  return {
    async take() {
      await take();
      if (clock.monotonic() - heardAt < TRUST_MS) return;
      await beat().catch((error: unknown) => {
        throw error instanceof StartError ? error : unheard(error);
      });
    },
    // Each beat is a look.
    look: () => Promise.resolve(true),
    async attain({ onWait, signal }) {
      const beats = createBeatWatch(clock);
      while (claiming === undefined) {
        signal.throwIfAborted();
        const tried = await tryOnce(beats).catch((error: unknown) => {
          beats.seesNothing();
          onWait({ reason: messageOf(error) });
        });
        if (tried !== undefined && "generation" in tried) claiming = Promise.resolve(tried);
        else if (tried !== undefined) onWait(tried);
        if (claiming === undefined) await clock.sleep(RETRY_MS, signal);
      }
    },
    async release() {
      isReleased = true;
      // It would have the claim again.
      await beating?.catch(() => undefined);
      const claim = await claiming?.catch(() => undefined);
      if (claim !== undefined) await engine.releaseClaim(claim);
    },
  };

  /** The claim, or who has it. */
  async function tryOnce(beats: ReturnType<typeof createBeatWatch>): Promise<Claim | Standby> {
    const last: ListedClaim | undefined = (await claimsOf(engine, runnerId)).at(-1);
    const holder = last === undefined ? undefined : holderOf(last);
    const isSilent = last !== undefined && beats.sees(last);
    const isOver = (claim: ListedClaim) => isSilent && claim.name === last.name && claim.beat === last.beat;
    if (last !== undefined && !isSilent && (holder === undefined || (await lifeOf(holder)) !== "ended"))
      return { holder };
    if (isSilent) log.warn({ holder }, "the runner that has the agents is silent: taking over");
    return claimNow(isOver).catch((error: unknown) => {
      // Another one was quicker.
      if (error instanceof StartError) return { holder };
      throw error;
    });
  }
}

function lostTo(claim: ListedClaim | undefined): StartError {
  const holder = claim === undefined ? undefined : holderOf(claim);
  const who =
    holder === undefined ? "Another runner" : `The runner on host ${holder.host}, process ${holder.pid},`;
  return new StartError(`${who} has the agents of this swarm now, since this one was not heard. It ends.`);
}

function unheard(error: unknown): RunnerError {
  const why = isOfEngine(error)
    ? messageOf(error)
    : `The swarm's managers do not answer: ${messageOf(error)} Agents that run keep running; try again later.`;
  return new RunnerError("ENGINE_UNAVAILABLE", why, { headers: { "Retry-After": "5" } });
}

/** It says already what is away, and what goes on. */
function isOfEngine(error: unknown): boolean {
  return error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE";
}
