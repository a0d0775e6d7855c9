import { expect, test } from "bun:test";

import { fuzzArchives } from "./archive.ts";

const RUNS = 10_000;
const COMPARE_EVERY = 20;
const TIMEOUT_MS = 180_000;

test(
  "ten thousand mutated archives are each unpacked as GNU tar does or refused, and nothing else happens",
  async () => {
    const result = await fuzzArchives({ runs: RUNS, seed: 1, compareEvery: COMPARE_EVERY });
    expect(result.runs).toBe(RUNS);
    expect(result.accepted).toBeGreaterThan(RUNS / 50);
    expect(result.compared).toBeGreaterThan(10);
  },
  TIMEOUT_MS,
);
