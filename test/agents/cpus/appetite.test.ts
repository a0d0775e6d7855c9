import { expect, test } from "bun:test";

import { type Appetite, NO_APPETITE, after, greedy } from "../../../src/agents/cpus/appetite.ts";

/** What looks every 300 ms make of an agent that goes on like this. */
function appetiteOf(window: { cpuMs: number; calls: number }, looks = 10): Appetite {
  let appetite = NO_APPETITE;
  for (let look = 0; look < looks; look += 1) appetite = after(appetite, { ms: 300, ...window });
  return appetite;
}

function named(appetites: Record<string, Appetite>, hostCpus: number): string[] {
  const eaters = Object.entries(appetites).map(([name, appetite]) => ({ name, appetite }));
  return [...greedy(eaters, hostCpus)].map(({ name }) => name).sort();
}

/** A neighbour that is called every 10 ms, and one that answers nothing and takes a CPU. */
const CALLED = { cpuMs: 20, calls: 25 };
const BOMB = { cpuMs: 300, calls: 0 };

test("an appetite comes near to what an agent takes, and goes as fast", () => {
  expect(appetiteOf(CALLED).cpus).toBeCloseTo(0.067, 3);
  expect(appetiteOf(CALLED).calls).toBeCloseTo(83, 0);
  expect(after(appetiteOf(BOMB), { ms: 900, cpuMs: 0, calls: 0 }).cpus).toBeCloseTo(0.125, 3);
});

test("who computes long for a call is greedy at the first look, and who answers soon is not", () => {
  const called = appetiteOf(CALLED);
  expect(named({ called, bomb: appetiteOf(BOMB, 1) }, 2)).toEqual(["bomb"]);
  expect(named({ called, slow: appetiteOf({ cpuMs: 150, calls: 1 }) }, 2)).toEqual(["slow"]);
});

test("many who share the CPUs are seen to be greedy too", () => {
  const bombs = Array.from({ length: 40 }, (_, index) => [
    `bomb-${index}`,
    appetiteOf({ cpuMs: 12, calls: 0 }),
  ]);
  const found = named({ called: appetiteOf(CALLED), ...Object.fromEntries(bombs) }, 2);
  expect(found).toHaveLength(40);
  expect(found).not.toContain("called");
});

test("those who go first leave half of the CPUs to those who wait", () => {
  const busy = (cpuMs: number) => appetiteOf({ cpuMs, calls: cpuMs });
  expect(named({ a: busy(60), b: busy(120), c: busy(240), bomb: appetiteOf(BOMB) }, 2)).toEqual([
    "bomb",
    "c",
  ]);
  expect(named({ a: busy(60), b: busy(120), c: busy(240), bomb: appetiteOf(BOMB) }, 4)).toEqual(["bomb"]);
});

test("an agent that does next to nothing is never greedy", () => {
  expect(named({ quiet: appetiteOf({ cpuMs: 1, calls: 0 }) }, 1)).toEqual([]);
  expect(named({}, 2)).toEqual([]);
});
