import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";

import { takeRecords } from "../../src/agents/mirror/take-records.ts";
import { createStore } from "../../src/agents/store.ts";
import { untilAnswered } from "../../src/daemon/until-answered.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createLog } from "../../src/lib/log.ts";
import { StartError } from "../../src/lib/start-error.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { createFakeEngine } from "../helpers/fake-engine.ts";
import { agentRecord, versionRecord } from "../helpers/records.ts";

const log = createLog({ level: "silent", format: "json" });
const noLeader = new RunnerError("ENGINE_UNAVAILABLE", "The swarm has no leader.");

/** A start that waits, whose step fails as `outcomes` say, one after the other. */
function waiting(outcomes: (Error | string)[]) {
  const clock = createFakeClock();
  const ending = new AbortController();
  const told: unknown[] = [];
  let tries = 0;
  const over = untilAnswered(
    async () => {
      const outcome = outcomes[Math.min(tries, outcomes.length - 1)];
      tries += 1;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    { clock, onWait: (standby) => void told.push(standby), signal: ending.signal },
  ).catch((error: unknown) => error);
  return { clock, told, over, tries: () => tries, end: (why: Error) => ending.abort(why) };
}

test("a step of a start is done again until the managers answer, and it is said why", async () => {
  const { clock, told, over, tries } = waiting([noLeader, noLeader, "records"]);
  await clock.advance(4_000);
  expect(await over).toBe("records");
  expect(tries()).toBe(3);
  expect(told).toEqual([{ reason: "The swarm has no leader." }, { reason: "The swarm has no leader." }]);
});

test("what is wrong with this host ends the start at once", async () => {
  const full = new Error("ENOSPC: no space left on device");
  const { told, over } = waiting([full]);
  expect(await over).toBe(full);
  expect(told).toEqual([]);
});

test("a runner that waits ends when another one has its agents meanwhile", async () => {
  const { clock, over, tries, end } = waiting([noLeader]);
  await clock.advance(60_000);
  expect(tries()).toBe(31);
  const lost = new StartError("Another runner has the agents of this swarm now.");
  end(lost);
  expect(await over).toBe(lost);
});

test("records are taken once the managers have a leader again, whichever question it was lost at", async () => {
  await using scratch = await scratchDirectory();
  for (const lostAt of ["records", "keepRecord"]) {
    const questions: string[] = [];
    const isLost = (operation: string) => operation === lostAt && questions.push(operation) <= 2;
    const engine = createFakeEngine({
      before: (operation) => {
        if (isLost(operation)) throw noLeader;
      },
    });
    const store = createStore(scratch.path(lostAt));
    await mkdir(store.versionDir("echo", 1), { recursive: true });
    await store.writeVersion("echo", versionRecord(1));
    await store.writeAgent(agentRecord([1], 1));
    await untilAnswered(() => takeRecords({ engine, store, log }, { isOwn: false }), {
      ...{ clock: { sleep: async () => undefined }, onWait: () => undefined },
      signal: new AbortController().signal,
    });
    const kept = (await engine.records()).map(({ kind }) => kind);
    expect({ lostAt, kept: [...new Set(kept)].sort() }).toEqual({
      ...{ lostAt, kept: ["agent", "secrets", "version"] },
    });
  }
});
