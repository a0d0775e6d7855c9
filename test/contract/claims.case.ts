import { describe, expect, test } from "bun:test";

import { type CreateSubject, type Subject, specOf } from "./subject.ts";

/** The claims of this test's runner: the engine is shared. */
async function claimsOf({ engine, runnerId }: Subject) {
  return (await engine.claims())
    .filter((claim) => claim.runnerId === runnerId)
    .map(({ generation, holder }) => ({ generation, holder }));
}

export function claimCases(create: CreateSubject): void {
  describe("claims", () => {
    test("the first of a generation stays, whatever it says", async () => {
      await using subject = await create();
      const { engine, runnerId } = subject;
      const holder = '{"a":"one, \\"two\\"\\tthree","b":"/x y/é"}';
      await engine.claim({ runnerId, generation: 7, holder });
      await engine.claim({ runnerId, generation: 7, holder: "another" });
      await engine.claim({ runnerId, generation: 8, holder: "later" });
      expect(await claimsOf(subject)).toEqual([
        { generation: 7, holder },
        { generation: 8, holder: "later" },
      ]);
      for (let round = 0; round < 2; round += 1) await engine.releaseClaim({ runnerId, generation: 7 });
      expect(await claimsOf(subject)).toEqual([{ generation: 8, holder: "later" }]);
    });

    test("the agents of all runners are told apart", async () => {
      await using subject = await create();
      const { engine, runnerId } = subject;
      await engine.startContainer(specOf(subject));
      expect(await engine.agentsOfAll()).toContainEqual({ runnerId, agentId: "Echo" });
    });
  });
}
