import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { KEPT } from "./random/kept.ts";
import { play } from "./random/play.ts";
import { aStep } from "./random/steps.ts";

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

/** The most steps of one history. One that fails is shortened to what the failure needs. */
const MOST_STEPS = 40;

const { histories, steps } = isLong ? { histories: 300, steps: 2_000 } : { histories: 12, steps: 100 };

/** The same in `make test`, so that it says the same each time; OKEN_TEST_SEED has a history of `make soak` again. */
const SEED = 3;
const seed = Number(Bun.env["OKEN_TEST_SEED"] ?? (isLong ? Date.now() % 2 ** 31 : SEED));

/** How long a failure may be made shorter, milliseconds: less than a long test may take. */
const SHORTEN_MS = 240_000;

test("whatever is done to an agent, one version of it serves, with its data, and nothing else is left", async () => {
  console.log(`seed ${seed}`);
  let played = 0;
  const aHistory = fc.array(aStep, { minLength: 1, maxLength: MOST_STEPS, size: "max" });
  const holds = fc.asyncProperty(aHistory, async (history) => {
    played += history.length;
    await play(history);
  });
  const interruptAfterTimeLimit = SHORTEN_MS;
  await fc.assert(holds, { seed, numRuns: histories, interruptAfterTimeLimit, markInterruptAsFailure: true });
  expect(played).toBeGreaterThanOrEqual(steps);
});

describe("what was not right once", () => {
  test.each(Object.entries(KEPT))("%s", (_, history) => play(history));
});
