import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { evictable } from "../../../src/agents/disk/cache-order.ts";
import type { CacheRecord } from "../../../src/model/engine-disk.ts";

function record(id: string, rest: Partial<CacheRecord> = {}): CacheRecord {
  return { id, parents: [], bytes: 10, isInUse: false, isShared: false, lastUsed: 0, ...rest };
}

const ids = (records: CacheRecord[]) => evictable(records).map(({ id }) => id);

test("what was used longest ago comes first, and what stands on it before it", () => {
  const records = [
    record("base", { lastUsed: 5 }),
    record("deps", { parents: ["base"], lastUsed: 5 }),
    record("mount", { lastUsed: 1 }),
  ];
  expect(ids(records)).toEqual(["mount", "deps", "base"]);
});

test("a record was used when anything was that stands on it", () => {
  const records = [
    record("old", { lastUsed: 1 }),
    record("lone", { lastUsed: 2 }),
    record("new", { parents: ["old"], lastUsed: 3 }),
  ];
  expect(ids(records)).toEqual(["lone", "new", "old"]);
});

test("what a build or an image has stays, with all that it stands on", () => {
  const records = [
    record("base"),
    record("layer", { parents: ["base"], isShared: true }),
    record("other", { parents: ["base"] }),
    record("running", { isInUse: true }),
  ];
  expect(ids(records)).toEqual(["other"]);
});

const someRecords = fc
  .array(
    fc.record({
      parent: fc.option(fc.nat(30)),
      lastUsed: fc.nat(20),
      isInUse: fc.boolean(),
      isShared: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  .map((made) =>
    made.map(({ parent, ...rest }, at) =>
      record(`r${at}`, { ...rest, parents: parent === null || parent >= at ? [] : [`r${parent}`] }),
    ),
  );

test("whatever the tree: who takes some from the front takes nothing that is needed", () => {
  fc.assert(
    fc.property(someRecords, fc.nat(30), (records, taken) => {
      const gone = new Set(ids(records).slice(0, taken));
      for (const it of records) {
        if (gone.has(it.id)) expect([it.isInUse, it.isShared]).toEqual([false, false]);
        else for (const parent of it.parents) expect(gone.has(parent)).toBe(false);
      }
    }),
  );
});
