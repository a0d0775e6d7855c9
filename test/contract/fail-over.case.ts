import { describe, expect, test } from "bun:test";

import type { Subject } from "./subject.ts";

/** What an engine keeps that outlives the runner's host. */
export function failOverCases(
  create: () => Promise<Pick<Subject, "engine" | "runnerId"> & AsyncDisposable>,
): void {
  describe("what outlives the runner's host", () => {
    test("each beat of a claim can be told from the one before, and one that is gone has none", async () => {
      await using subject = await create();
      const { engine, runnerId } = subject;
      const claim = { runnerId, generation: 3, holder: "{}" };
      const beatNow = async () => (await engine.claims()).find((it) => it.runnerId === runnerId)?.beat;
      await engine.claim(claim);
      const seen = [await beatNow()];
      for (let beat = 0; beat < 2; beat += 1) {
        expect(await engine.beat(claim)).toBe(true);
        seen.push(await beatNow());
      }
      expect(new Set(seen).size).toBe(3);
      await engine.releaseClaim(claim);
      expect(await engine.beat(claim)).toBe(false);
    });

    test("a record is kept once under its number, until it is dropped", async () => {
      await using subject = await create();
      const { engine } = subject;
      const record = {
        kind: "version",
        agentId: "Echo",
        version: 2,
        number: 1,
        text: '{"é": "a\\nb"}',
      } as const;
      const own = { kind: "agent", agentId: "Echo", number: 1, text: "{}" } as const;
      const name = (await engine.keepRecord(record)) ?? "";
      const other = (await engine.keepRecord(own)) ?? "";
      expect(await engine.keepRecord({ ...record, text: "another" })).toBeUndefined();
      const byName = new Map((await engine.records()).map((it) => [it.name, it]));
      expect(byName).toEqual(
        new Map([
          [name, { ...record, name }],
          [other, { ...own, name: other }],
        ]),
      );
      await engine.dropRecords([name]);
      await engine.dropRecords([name, other]);
      expect(await engine.records()).toEqual([]);
    });
  });
}
