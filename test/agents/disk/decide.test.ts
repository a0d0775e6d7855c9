import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { type Need, decide } from "../../../src/agents/disk/decide.ts";
import { type Entry, TIERS } from "../../../src/agents/disk/entry.ts";

type Tier = (typeof TIERS)[number];

function entry(
  tier: Tier,
  name: string,
  rest: { frees?: number; lastUsed?: number; place?: Entry["place"] } = {},
): Entry {
  const { frees = 10, lastUsed = 0, place = "engine" } = rest;
  const removal = { kind: "unnamed_image", id: name } as const;
  return {
    part: "images",
    place,
    name,
    bytes: frees,
    isInUse: false,
    candidate: { tier, lastUsed, frees, removal },
  };
}

const both = (bytes: number): Need[] => [{ holds: ["runner", "engine"], bytes }];
const names = (entries: Entry[], needs: Need[]) => decide(entries, needs).map(({ name }) => name);

test("nothing goes while all is well, but for leavings", () => {
  expect(names([entry("build_cache", "a"), entry("leavings", "b")], both(0))).toEqual(["b"]);
});

test("cheap things go before dear ones, whatever their age", () => {
  const entries = TIERS.toReversed().map((tier, at) => entry(tier, tier, { lastUsed: at }));
  expect(names(entries, both(1000))).toEqual([...TIERS]);
});

test("within a tier, what was used longest ago goes first, and no more than is needed", () => {
  const entries = [3, 1, 2].map((lastUsed) => entry("old_images", `v${lastUsed}`, { lastUsed }));
  expect(names(entries, both(11))).toEqual(["v1", "v2"]);
});

test("what was used at the same time goes in the order in which it came", () => {
  expect(names([entry("build_cache", "b"), entry("build_cache", "a")], both(20))).toEqual(["b", "a"]);
});

test("what gives nothing stays, but for records that others stand on", () => {
  const nothing = { frees: 0 };
  const entries = [
    entry("containers", "c", nothing),
    entry("build_cache", "r", nothing),
    entry("idle_images", "i"),
  ];
  expect(names(entries, both(5))).toEqual(["r", "i"]);
});

test("each disk gets what it needs for itself", () => {
  const entries = [entry("leavings", "staging", { place: "runner" }), entry("old_images", "image")];
  expect(
    names(entries, [
      { holds: ["runner"], bytes: 100 },
      { holds: ["engine"], bytes: 0 },
    ]),
  ).toEqual(["staging"]);
  expect(
    names(entries, [
      { holds: ["runner"], bytes: 0 },
      { holds: ["engine"], bytes: 1 },
    ]),
  ).toEqual(["staging", "image"]);
});

const anEntry: fc.Arbitrary<Entry> = fc
  .record({
    tier: fc.constantFrom(...TIERS),
    frees: fc.nat(100),
    lastUsed: fc.nat(50),
    place: fc.constantFrom("runner" as const, "engine" as const),
    isInUse: fc.boolean(),
    stays: fc.boolean(),
  })
  .map(({ tier, isInUse, stays, ...rest }) => {
    const made = Object.assign(entry(tier, "it", rest), { isInUse });
    if (stays) delete made.candidate;
    return made;
  });

const someNeeds: fc.Arbitrary<Need[]> = fc.oneof(
  fc.integer({ min: -50, max: 500 }).map(both),
  fc
    .tuple(fc.integer({ min: -50, max: 300 }), fc.integer({ min: -50, max: 300 }))
    .map(([runner, engine]): Need[] => [
      { holds: ["runner"], bytes: runner },
      { holds: ["engine"], bytes: engine },
    ]),
);

test("whatever there is: nothing in use goes, in order, and no more than every disk needs", () => {
  fc.assert(
    fc.property(fc.array(anEntry, { maxLength: 60 }), someNeeds, (entries, needs) => {
      const chosen = decide(entries, needs);
      expect(new Set(chosen).size).toBe(chosen.length);
      for (const it of chosen) expect(entries).toContain(it);
      expect(chosen.every(({ isInUse, candidate }) => !isInUse && candidate !== undefined)).toBe(true);
      const ranks = chosen.map(({ candidate: { tier, lastUsed } }) => TIERS.indexOf(tier) * 1000 + lastUsed);
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      for (const { holds, bytes } of needs) {
        const here = chosen.filter(
          ({ place, candidate }) => holds.includes(place) && candidate.tier !== "leavings",
        );
        const left = sum(
          chosen.filter(({ place, candidate }) => holds.includes(place) && candidate.tier === "leavings"),
        );
        // Without the last one that gives anything there would be too little.
        const last = here.findLast(({ candidate }) => candidate.frees > 0);
        const before = sum(here) - (last?.candidate.frees ?? 0) + left;
        if (last !== undefined) expect(before).toBeLessThan(bytes);
        const mayGo = entries.filter(
          (it) => it.candidate !== undefined && !it.isInUse && holds.includes(it.place),
        );
        const most = mayGo.reduce((total, it) => total + (it.candidate?.frees ?? 0), 0);
        expect(sum(here) + left).toBeGreaterThanOrEqual(Math.min(Math.max(bytes, 0), most));
      }
    }),
  );
});

function sum(entries: ReturnType<typeof decide>): number {
  return entries.reduce((total, { candidate }) => total + candidate.frees, 0);
}
