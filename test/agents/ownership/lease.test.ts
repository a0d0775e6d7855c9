import { expect, test } from "bun:test";

import { type Standby, createLease } from "../../../src/agents/ownership/lease.ts";
import { BEAT_MS, PATIENCE_MS, RETURN_MS, TRUST_MS } from "../../../src/agents/ownership/beats.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createLog } from "../../../src/lib/log.ts";
import type { StartError } from "../../../src/lib/start-error.ts";
import type { Life } from "../../../src/model/holder.ts";
import { type FakeClock, createFakeClock } from "../../helpers/fake-clock.ts";
import { type FakeEngine, createFakeEngine } from "../../helpers/fake-engine.ts";
import { holderWith } from "../../helpers/records.ts";

const log = createLog({ level: "silent", format: "json" });

type World = { engine: FakeEngine; clock: FakeClock };

/** A runner on a host of its own; of the others it knows only what the swarm tells it. */
function runnerOn(host: string, { engine, clock }: World, lifeOf: () => Life = () => "unknown") {
  const end = new AbortController();
  const lost: StartError[] = [];
  const told: Standby[] = [];
  let isCutOff = false;
  let isSuspended = false;
  const reached =
    <A extends unknown[], R>(command: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      if (isCutOff) throw new RunnerError("ENGINE_UNAVAILABLE", "no answer.");
      return command(...args);
    };
  const lease = createLease({
    engine: {
      claims: reached(() => engine.claims()),
      claim: reached((claim) => engine.claim(claim)),
      beat: reached((claim) => engine.beat(claim)),
      releaseClaim: reached((claim) => engine.releaseClaim(claim)),
    },
    runnerId: "runner",
    own: holderWith({ host, nonce: host }),
    lifeOf: async () => lifeOf(),
    onLost: (error) => void lost.push(error),
    ...{ clock, log, closing: end.signal, isSuspended: () => isSuspended },
  });
  let isActive = false;
  const attained = lease
    .attain({ onWait: (standby) => void told.push(standby), signal: end.signal })
    .then(() => (isActive = true))
    .catch(() => undefined);
  return {
    ...{ lease, lost, told, attained },
    isActive: () => isActive,
    /** As kill -9: it says nothing more. */
    kill: () => end.abort(new Error("killed")),
    cutOff: (is: boolean) => void (isCutOff = is),
    suspend: (is: boolean) => void (isSuspended = is),
    /** Whether it may change something now. */
    mayChange: () =>
      lease.take().then(
        () => true,
        () => false,
      ),
  };
}

function swarm(): World {
  return { engine: createFakeEngine(), clock: createFakeClock() };
}

async function activeAndStandby() {
  const world = swarm();
  const active = runnerOn("a", world);
  await active.attained;
  const standby = runnerOn("b", world);
  await world.clock.advance(10 * PATIENCE_MS);
  return { ...world, active, standby, [Symbol.dispose]: () => [active, standby].forEach((it) => it.kill()) };
}

test("of two that start at once one has the agents, and the other waits for as long as that one beats", async () => {
  const world = swarm();
  const runners = [runnerOn("a", world), runnerOn("b", world)];
  await world.clock.advance(20 * PATIENCE_MS);
  const [active, ...others] = runners.filter((it) => it.isActive());
  expect({ others, lost: runners.flatMap(({ lost }) => lost) }).toEqual({ others: [], lost: [] });
  const waiting = runners.find((it) => it !== active);
  expect(waiting?.told.at(-1)).toMatchObject({ holder: { host: active === runners[0] ? "a" : "b" } });
  for (const it of runners) it.kill();
});

test("a standby has the agents of a holder that is silent, within 20 s of its last beat", async () => {
  using all = await activeAndStandby();
  const { active, standby, clock, engine } = all;
  expect(standby.isActive()).toBe(false);
  active.kill();
  await clock.advance(PATIENCE_MS - BEAT_MS - 1_000);
  expect(standby.isActive()).toBe(false);
  await clock.advance(20_000 - PATIENCE_MS);
  expect(standby.isActive()).toBe(true);
  expect((await engine.claims()).map(({ generation }) => generation)).toEqual([2]);
});

test("a holder of which it is known that it ended is not waited for", async () => {
  const world = swarm();
  const before = runnerOn("a", world);
  await before.attained;
  before.kill();
  const next = runnerOn("a", world, () => "ended");
  await next.attained;
  expect(next.isActive()).toBe(true);
  next.kill();
});

test("a clean end lets the standby have the agents at its next look", async () => {
  using all = await activeAndStandby();
  all.active.kill();
  await all.active.lease.release();
  await all.clock.advance(1_000);
  expect(all.standby.isActive()).toBe(true);
});

test("a holder that is cut off changes nothing before anybody takes over, and ends when it finds that one", async () => {
  using all = await activeAndStandby();
  const { active, standby, clock } = all;
  active.cutOff(true);
  let stopped: number | undefined;
  const startedAt = clock.monotonic();
  while (!standby.isActive()) {
    await clock.advance(500);
    if (stopped === undefined && !(await active.mayChange())) stopped = clock.monotonic();
  }
  expect(clock.monotonic() - (stopped ?? 0)).toBeGreaterThan(PATIENCE_MS - TRUST_MS - 1_500);
  expect(clock.monotonic() - startedAt).toBeLessThanOrEqual(20_000);
  expect(active.lost).toEqual([]);
  active.cutOff(false);
  await clock.advance(BEAT_MS);
  expect(active.lost.map(({ message }) => message)).toEqual([
    "The runner on host b, process 1, has the agents of this swarm now, since this one was not heard. It ends.",
  ]);
  expect(await active.mayChange()).toBe(false);
  expect(await standby.mayChange()).toBe(true);
});

test("while the managers are away nobody takes over, and the holder goes on when they are back", async () => {
  using all = await activeAndStandby();
  const { active, standby, clock } = all;
  for (const it of [active, standby]) it.cutOff(true);
  await clock.advance(5 * PATIENCE_MS);
  expect(await active.mayChange()).toBe(false);
  expect(standby.told.at(-1)).toEqual({ reason: "no answer." });
  for (const it of [active, standby]) it.cutOff(false);
  await clock.advance(5 * PATIENCE_MS);
  expect({ lost: active.lost, active: standby.isActive(), mayChange: await active.mayChange() }).toEqual({
    ...{ lost: [], active: false, mayChange: true },
  });
});

test("a holder that is lost with the managers' leader is taken over from once others lead", async () => {
  using all = await activeAndStandby();
  const { active, standby, clock } = all;
  active.kill();
  standby.cutOff(true);
  await clock.advance(16_000);
  standby.cutOff(false);
  await clock.advance(RETURN_MS + 2_000);
  expect(standby.isActive()).toBe(true);
});

test("a beat that is due is made before a change, and a change waits for no other", async () => {
  const world = swarm();
  const { lease, kill, attained } = runnerOn("a", world);
  await attained;
  await lease.take();
  expect(world.engine.calls("beat")).toHaveLength(0);
  await world.clock.advance(BEAT_MS);
  expect(world.engine.calls("beat")).toHaveLength(1);
  kill();
});

test("what was handed over to a process that ended is taken back", async () => {
  const world = swarm();
  const before = runnerOn("a", world, () => "ended");
  await before.attained;
  before.suspend(true);
  const next = runnerOn("a", world, () => "ended");
  await next.attained;
  next.kill();
  await world.clock.advance(BEAT_MS);
  expect(before.lost).toEqual([]);
  before.suspend(false);
  await world.clock.advance(BEAT_MS);
  expect({ lost: before.lost, mayChange: await before.mayChange() }).toEqual({ lost: [], mayChange: true });
  before.kill();
});
