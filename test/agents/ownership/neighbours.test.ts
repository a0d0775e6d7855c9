import { expect, test } from "bun:test";

import { reportNeighbours } from "../../../src/agents/ownership/neighbours.ts";
import { createLog } from "../../../src/lib/log.ts";
import type { Holder, Life } from "../../../src/model/holder.ts";
import { createFakeEngine } from "../../helpers/fake-engine.ts";
import { holderWith } from "../../helpers/records.ts";

const held = (changes: Partial<Holder>, range: Holder["uids"]) =>
  holderWith({ ...changes, ...(range !== undefined && { uids: range }) });

/** What a runner with these user ids says of another with those. */
async function reported(uids: Holder["uids"], others: Holder["uids"], life: Life = "running") {
  const engine = createFakeEngine();
  const other = held({ dataDir: "/other", nonce: "b" }, others);
  await engine.claim({ runnerId: "other", generation: 1, holder: JSON.stringify(other) });
  const own = held({}, uids);
  await engine.claim({ runnerId: "own", generation: 1, holder: JSON.stringify(own) });
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    destination: { write: (line) => void lines.push(line) },
  });
  await reportNeighbours({ engine, runnerId: "own", own, lifeOf: async () => life, log });
  return lines.map((line) => JSON.parse(line));
}

test("two runners of one engine with user ids of the same range are told", async () => {
  expect(await reported([200_000, 299_999], [299_999, 300_100])).toMatchObject([
    { level: "warn", runner: "other", data_dir: "/other", uids: "299999-300100" },
  ]);
});

test.each<[string, Holder["uids"], Holder["uids"], Life?]>([
  ["with ranges apart", [200_000, 299_999], [300_000, 300_100]],
  ["of which one chooses by itself", [200_000, 299_999], undefined],
  ["of which this one chooses by itself", undefined, [200_000, 299_999]],
  ["of which one has ended", [200_000, 299_999], [200_000, 299_999], "ended"],
])("two %s are not", async (_what, uids, others, life) => {
  expect(await reported(uids, others, life)).toEqual([]);
});
