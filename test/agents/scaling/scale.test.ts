import { expect, test } from "bun:test";

import { type Demand, scale } from "../../../src/agents/scaling/scale.ts";

/** An agent with two of its one to four instances; nobody waits, and both are in use. */
const DEMAND: Demand = {
  limits: { min: 1, max: 4 },
  count: 2,
  isStarting: false,
  waitedMs: undefined,
  startMs: 400,
  heldBackMs: 0,
  unusedMs: [0],
  leaveAfterMs: 300_000,
};

const QUIET = { start: false, leave: 0, againMs: undefined };

test.each<[string, Partial<Demand>, Partial<ReturnType<typeof scale>>]>([
  ["nobody waits", {}, {}],
  ["an invoke waits for less than a start takes", { waitedMs: 150 }, { againMs: 250 }],
  ["an invoke has waited for as long as a start takes", { waitedMs: 400 }, { start: true }],
  ["it waits, and one starts already", { waitedMs: 900, isStarting: true }, {}],
  ["it waits, and there are as many as may be", { waitedMs: 900, count: 4 }, {}],
  ["there are fewer than there should be", { limits: { min: 3, max: 4 } }, { start: true }],
  ["the last one did not stay up", { limits: { min: 3, max: 4 }, heldBackMs: 2_000 }, { againMs: 2_000 }],
  ["it waits, and the last one did not stay up", { waitedMs: 300, heldBackMs: 2_000 }, { againMs: 2_000 }],
  ["one is unused for long", { unusedMs: [300_000] }, { leave: 1 }],
  ["one is unused for long, and somebody waits", { unusedMs: [300_000], waitedMs: 1 }, { againMs: 399 }],
  [
    "one is unused for long, and there are no more than `min`",
    { limits: { min: 2, max: 4 }, unusedMs: [300_000] },
    {},
  ],
  [
    "all are unused, and some must stay",
    { limits: { min: 2, max: 4 }, count: 4, unusedMs: [3e5, 3e5, 3e5] },
    { leave: 2 },
  ],
])("%s", (_, load, decision) => {
  expect(scale({ ...DEMAND, ...load })).toEqual({ ...QUIET, ...decision });
});
