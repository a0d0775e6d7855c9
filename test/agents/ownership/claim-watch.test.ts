import { expect, test } from "bun:test";

import { watchClaim } from "../../../src/agents/ownership/claim-watch.ts";
import { createClaim } from "../../../src/agents/ownership/claim.ts";
import { createOwnership } from "../../../src/agents/ownership/ownership.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { createFakeEngine } from "../../helpers/fake-engine.ts";
import { holderWith } from "../../helpers/records.ts";

/** More than the pause between two looks, milliseconds. */
const A_LOOK_LATER = 31_000;

/** A runner that has its agents, and looks after its claim. */
async function watching() {
  const engine = createFakeEngine();
  const clock = createFakeClock();
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog({ level: "info", format: "json", destination });
  const ownership = createOwnership({ isSuspended: false });
  const parts = { engine, runnerId: "runner", own: holderWith({}), lifeOf: async () => "running" as const };
  const claim = createClaim({ ...parts, onLost: () => undefined });
  await claim.take();
  const ending = new AbortController();
  const watch = watchClaim({ claim, ownership, clock, log }, ending.signal);
  return {
    ...{ engine, clock, lines, ownership },
    /** As `docker volume prune --all` does. */
    prune: () => engine.releaseClaim({ runnerId: "runner", generation: 1 }),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await watch;
    },
  };
}

test("a claim that is pruned while the runner runs is there again soon, and the log says so", async () => {
  await using runner = await watching();
  await runner.clock.advance(A_LOOK_LATER);
  expect(runner.lines).toEqual([]);
  await runner.prune();
  await runner.clock.advance(A_LOOK_LATER);
  expect(await runner.engine.claims()).toHaveLength(1);
  expect(runner.lines.join()).toContain("it is written anew");
});

test("an engine that is away ends no watch", async () => {
  await using runner = await watching();
  runner.engine.goAway();
  await runner.clock.advance(A_LOOK_LATER);
  runner.engine.comeBack();
  await runner.prune();
  await runner.clock.advance(A_LOOK_LATER);
  expect(await runner.engine.claims()).toHaveLength(1);
});

test("a runner that hands over leaves the claim to the next one", async () => {
  await using runner = await watching();
  runner.ownership.suspend();
  await runner.prune();
  await runner.clock.advance(A_LOOK_LATER);
  expect(await runner.engine.claims()).toEqual([]);
});
