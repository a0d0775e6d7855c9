import { expect, test } from "bun:test";

import { budgetOf, mayBeOver, neededBytes, statusOf } from "../../../src/agents/disk/marks.ts";

const DISK = {
  path: "/data",
  holds: ["runner" as const, "engine" as const],
  total: 1000,
  free: 500,
  used: 500,
};
const MARKS = { budgetBytes: undefined, floorBytes: 10 };
const HOUR_MS = 3_600_000;

test("the budget is four fifths of the disk, or what the operator says", () => {
  expect(budgetOf(DISK, MARKS)).toBe(800);
  expect(budgetOf(DISK, { ...MARKS, budgetBytes: 300 })).toBe(300);
});

test.each([
  ["well below", { own: 700, free: 100 }, "ok", 0],
  ["at the budget", { own: 800, free: 100 }, "ok", 0],
  ["over the budget, some more than that goes", { own: 801, free: 100 }, "over_budget", 81],
  ["with little room, before it is too little", { own: 100, free: 15 }, "ok", 5],
  ["below the floor", { own: 100, free: 9 }, "below_floor", 11],
  ["both", { own: 900, free: 0 }, "below_floor", 180],
] as const)("%s", (_, use, status, bytes) => {
  const disk = { ...DISK, ...use };
  expect({ status: statusOf(disk, MARKS), bytes: neededBytes(disk, MARKS) }).toEqual({ status, bytes });
});

test("no count is needed while everybody together has less than the budget", () => {
  expect(mayBeOver({ ...DISK, used: 800 }, { last: undefined, now: 0, marks: MARKS })).toBe(false);
  expect(mayBeOver({ ...DISK, used: 801 }, { last: undefined, now: 0, marks: MARKS })).toBe(true);
  expect(mayBeOver({ ...DISK, free: 19 }, { last: undefined, now: 0, marks: MARKS })).toBe(true);
});

test("on a disk that others fill, a count holds until so much has come that all of it could be ours", () => {
  const marks = { ...MARKS, budgetBytes: 200 };
  const last = { at: 0, disks: [{ ...DISK, used: 600, own: 150 }] };
  const over = (used: number, now = 1) => mayBeOver({ ...DISK, used }, { last, now, marks });
  expect([over(600), over(300), over(650), over(651), over(600, HOUR_MS + 1)]).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});
