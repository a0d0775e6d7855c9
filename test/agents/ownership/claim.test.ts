import { describe, expect, test } from "bun:test";

import { createClaim } from "../../../src/agents/ownership/claim.ts";
import { claimedEngine } from "../../../src/agents/ownership/claimed-engine.ts";
import { createOwnership } from "../../../src/agents/ownership/ownership.ts";
import { StartError } from "../../../src/lib/start-error.ts";
import type { Holder, Life } from "../../../src/model/holder.ts";
import { createFakeEngine } from "../../helpers/fake-engine.ts";
import { holderWith } from "../../helpers/records.ts";
import { turns } from "../../helpers/turns.ts";

type Engine = ReturnType<typeof createFakeEngine>;

/** A process that starts with the identity `runner`, and what it heard of its end. */
function starting(engine: Engine, own: Partial<Holder>, lifeOf: (holder: Holder) => Life = () => "running") {
  const lost: StartError[] = [];
  const claim = createClaim({
    engine,
    runnerId: "runner",
    own: holderWith(own),
    lifeOf: async (holder) => lifeOf(holder),
    onLost: (error) => void lost.push(error),
  });
  return { claim: () => claim.take(), look: () => claim.look(), release: () => claim.release(), lost };
}

/** Of these processes it is known that they have ended; all others run. */
function onlyEnded(...nonces: string[]) {
  return ({ nonce }: Holder): Life => (nonces.includes(nonce) ? "ended" : "running");
}

const generations = async (engine: Engine) => (await engine.claims()).map(({ generation }) => generation);

test("the first to start has the agents, and a copy beside it ends with a sentence", async () => {
  const engine = createFakeEngine();
  await starting(engine, { dataDir: "/first", pid: 7, nonce: "a" }).claim();
  const copy = starting(engine, { dataDir: "/copy", nonce: "b" });
  const sentence =
    'OKEN_DATA_DIR is "/copy", which has the identity of the runner in "/first" on host here as process 7, and that one is running; stop it, or remove runner.json from the copy, which makes it a runner of its own.';
  await expect(copy.claim()).rejects.toThrow(new StartError(sentence));
  expect(copy.lost).toEqual([new StartError(sentence)]);
  expect(await generations(engine)).toEqual([1]);
});

test("one that may run, on another host, is left its agents, and its claim is named as what it is", async () => {
  const swarm = createFakeEngine();
  const host = {
    ...swarm,
    async claims() {
      const found = await swarm.claims();
      for (const claim of found) claim.beat = undefined;
      return found;
    },
  };
  await starting(swarm, { host: "elsewhere", nonce: "a" }).claim();
  for (const [engine, kind] of [
    [host, "volume"],
    [swarm, "service"],
  ] as const)
    await expect(starting(engine, { nonce: "b" }, () => "unknown").claim()).rejects.toThrow(
      `that one may be running; if it has ended for good, run: docker ${kind} rm oken-runner-runner-1`,
    );
});

test("so is a claim that this version cannot read", async () => {
  const engine = createFakeEngine();
  await engine.claim({ runnerId: "runner", generation: 3, holder: '{"later": true}' });
  await expect(starting(engine, {}, () => "ended").claim()).rejects.toThrow("the runner of another version");
});

test("after an end the next start takes over, and leaves one claim", async () => {
  const engine = createFakeEngine();
  for (const nonce of ["a", "b", "c"]) await starting(engine, { nonce }, () => "ended").claim();
  expect(await generations(engine)).toEqual([3]);
});

test("a claim that somebody removed is written anew, so that a copy still ends with a sentence", async () => {
  const engine = createFakeEngine();
  const first = starting(engine, { nonce: "a" });
  await first.claim();
  expect(await first.look()).toBe(true);
  // As `docker volume prune --all` does.
  await engine.releaseClaim({ runnerId: "runner", generation: 1 });
  expect(await first.look()).toBe(false);
  expect(await first.look()).toBe(true);
  await expect(starting(engine, { nonce: "b" }).claim()).rejects.toThrow(StartError);
  expect(first.lost).toEqual([]);
});

test("of two that run since the claim was removed, the one without it ends", async () => {
  const engine = createFakeEngine();
  const first = starting(engine, { nonce: "a" });
  await first.claim();
  await engine.releaseClaim({ runnerId: "runner", generation: 1 });
  const copy = starting(engine, { nonce: "b" });
  await copy.claim();
  await expect(first.look()).rejects.toThrow(StartError);
  expect(first.lost).toHaveLength(1);
  await expect(first.claim()).rejects.toThrow(StartError);
  expect(await copy.look()).toBe(true);
});

test("a look while the engine is away changes nothing, and the next one mends what was lost meanwhile", async () => {
  const engine = createFakeEngine();
  const { claim, look, lost } = starting(engine, { nonce: "a" });
  await claim();
  engine.goAway();
  await expect(look()).rejects.toThrow("The Docker engine does not answer.");
  engine.comeBack();
  await engine.releaseClaim({ runnerId: "runner", generation: 1 });
  expect(await look()).toBe(false);
  expect([await generations(engine), lost]).toEqual([[1], []]);
});

test("another runner's claim does not matter", async () => {
  const engine = createFakeEngine();
  await engine.claim({ runnerId: "another", generation: 9, holder: JSON.stringify(holderWith({})) });
  await starting(engine, { nonce: "b" }).claim();
  expect(await engine.claims()).toHaveLength(2);
});

describe("of several that start at once", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("exactly one succeeds, whatever the order (%p)", async (seed) => {
    const random = randomFrom(seed);
    // Each step of the engine takes its own time.
    const engine = createFakeEngine({ before: () => turns(random() * 4) });
    await starting(engine, { nonce: "dead" }).claim();
    const outcomes = await Promise.allSettled(
      ["a", "b", "c", "d"].map(async (nonce) => {
        await turns(random() * 10);
        await starting(engine, { nonce }, onlyEnded("dead")).claim();
        return nonce;
      }),
    );
    const winners = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(winners).toHaveLength(1);
    const claims = await engine.claims();
    expect(claims.map(({ holder }) => JSON.parse(holder).nonce)).toEqual(winners);
  });
});

test("one that slept through others' starts comes too late", async () => {
  const wakeUp = Promise.withResolvers<void>();
  const asleep = Promise.withResolvers<void>();
  let sleeper = false;
  const engine = createFakeEngine({
    before: (operation) => {
      if (operation !== "claim" || !sleeper) return undefined;
      sleeper = false;
      asleep.resolve();
      return wakeUp.promise;
    },
  });
  await starting(engine, { nonce: "1" }).claim();
  sleeper = true;
  const late = starting(engine, { nonce: "late" }, onlyEnded("1", "2")).claim();
  await asleep.promise;
  await starting(engine, { nonce: "2" }, onlyEnded("1")).claim();
  await starting(engine, { nonce: "living" }, onlyEnded("1", "2")).claim();
  wakeUp.resolve();
  await expect(late).rejects.toThrow(StartError);
  expect((await engine.claims()).map(({ holder }) => JSON.parse(holder).nonce)).toEqual(["living"]);
});

test("nothing is changed in the engine before the claim, which is tried again when the engine is back", async () => {
  const engine = createFakeEngine();
  const { claim } = starting(engine, { nonce: "a" });
  const guarded = claimedEngine(engine, { claim, ownership: createOwnership({ isSuspended: false }) });
  engine.goAway();
  await expect(claim()).rejects.toThrow("The Docker engine does not answer.");
  engine.comeBack();
  await guarded.stopContainer("none", 1);
  expect(await generations(engine)).toEqual([1]);

  const copy = starting(engine, { nonce: "b" });
  const refused = claimedEngine(engine, {
    claim: copy.claim,
    ownership: createOwnership({ isSuspended: false }),
  });
  await expect(refused.removeContainer("theirs")).rejects.toThrow(StartError);
  await expect(refused.removeContainer("theirs")).rejects.toThrow(StartError);
  expect(copy.lost).toHaveLength(1);
  expect(engine.calls("removeContainer")).toEqual([]);
  expect(await refused.listContainers()).toEqual([]);
});

test("a claim that is released leaves nothing, and one that was never made neither", async () => {
  const engine = createFakeEngine();
  const { claim, release } = starting(engine, { nonce: "a" });
  await release();
  await claim();
  expect(await generations(engine)).toEqual([1]);
  await starting(engine, { nonce: "b" }).release();
  expect(await generations(engine)).toEqual([1]);
  await release();
  expect(await generations(engine)).toEqual([]);
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test("an engine that keeps no claim has claimed nothing, and is asked again", async () => {
  const engine = createFakeEngine();
  let keeps = false;
  const claims = async () => (keeps ? engine.claims() : []);
  const { claim, lost } = starting({ ...engine, claims }, {});
  await expect(claim()).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
  keeps = true;
  await claim();
  expect({ generations: await generations(engine), lost }).toEqual({ generations: [1], lost: [] });
});
