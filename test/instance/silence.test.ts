import { expect, test } from "bun:test";

import { type Doubt, createSilence } from "../../src/instance/silence.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";

const TIMEOUT_MS = 10_000;

/** A program, and what its runtime is told of it. */
function fixture({ openAnswers = 0 } = {}) {
  const clock = createFakeClock();
  const told: Doubt[] = [];
  const silence = createSilence({
    clock,
    timeoutMs: TIMEOUT_MS,
    hasOpenAnswers: () => openAnswers > 0,
    onSilent: (doubt) => void told.push(doubt),
  });
  /** A request that is given up after so long. */
  const giveUp = async (why: "late" | "left", afterMs = TIMEOUT_MS) => {
    const since = clock.monotonic();
    await clock.advance(afterMs);
    silence.unanswered(since, why);
  };
  return { clock, told, silence, giveUp };
}

test("a program that lets three deadlines pass, one after the other, is silent", async () => {
  const { told, giveUp } = fixture();
  await giveUp("late");
  await giveUp("late");
  expect(told).toEqual([]);
  await giveUp("late");
  expect(told).toEqual([{ mustAsk: false }]);
});

test("it is told again only after as many more", async () => {
  const { told, giveUp } = fixture();
  for (let times = 0; times < 5; times += 1) await giveUp("late");
  expect(told).toHaveLength(1);
  await giveUp("late");
  expect(told).toHaveLength(2);
});

test("one answer between them is enough", async () => {
  const { told, silence, giveUp } = fixture();
  await giveUp("late");
  await giveUp("late");
  silence.broken();
  await giveUp("late");
  await giveUp("late");
  expect(told).toEqual([]);
});

test("requests that were sent before the last one was given up are one burst with it", async () => {
  const { clock, told, silence } = fixture();
  const since = clock.monotonic();
  await clock.advance(TIMEOUT_MS);
  for (let times = 0; times < 10; times += 1) silence.unanswered(since, "late");
  expect(told).toEqual([]);
});

test("callers who leave count once a whole timeout has passed, and leave the question open", async () => {
  const { told, giveUp } = fixture();
  for (let times = 0; times < 3; times += 1) await giveUp("left", TIMEOUT_MS / 4);
  expect(told).toEqual([]);
  await giveUp("left", TIMEOUT_MS / 4);
  expect(told).toEqual([{ mustAsk: true }]);
});

test("an answer that is still open speaks for a program", async () => {
  const { told, giveUp } = fixture({ openAnswers: 1 });
  for (let times = 0; times < 3; times += 1) await giveUp("late");
  expect(told).toEqual([{ mustAsk: true }]);
});
