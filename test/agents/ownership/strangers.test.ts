import { expect, test } from "bun:test";

import { reportStrangers } from "../../../src/agents/ownership/strangers.ts";
import { removalByHand } from "../../../src/docker/by-hand.ts";
import { createLog } from "../../../src/lib/log.ts";
import type { Life } from "../../../src/model/holder.ts";
import { holderWith } from "../../helpers/records.ts";
import { createFakeClaims } from "../../helpers/fake-claims.ts";

const OWN = holderWith({ dataDir: "/data" });

/** What a start says of an engine with the agents `a` and `b` of the runner `other`. */
async function report(options: { claim?: string; life?: Life; fails?: boolean }) {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const claims = createFakeClaims();
  if (options.claim !== undefined)
    await claims.claim({ runnerId: "other", generation: 1, holder: options.claim });
  await reportStrangers({
    engine: {
      ...claims,
      agentsOfAll: async () => {
        if (options.fails) throw new Error("away");
        return ["b", "a", "b"]
          .map((agentId) => ({ runnerId: "other", agentId }))
          .concat({ runnerId: "own", agentId: "c" });
      },
    },
    runnerId: "own",
    own: OWN,
    lifeOf: async () => options.life ?? "ended",
    removal: (runnerId) => removalByHand(runnerId, { isSwarm: false }),
    log: createLog({ level: "info", format: "json", destination }),
  });
  return lines;
}

const NAMED = {
  level: "warn",
  runner: "other",
  agents: ["a", "b"],
  remove: "docker rm --force $(docker ps --all --quiet --filter label=oken.runner=other)",
};

test("agents of a runner that runs, or may, are nobody's business", async () => {
  for (const life of ["running", "unknown"] as const)
    expect(await report({ claim: JSON.stringify(holderWith({})), life })).toEqual([]);
  expect(await report({ claim: '{"later": true}' })).toEqual([]);
});

test("agents of an emptied data directory are named, with what to do", async () => {
  expect(await report({ claim: JSON.stringify(holderWith({ dataDir: "/data" })) })).toMatchObject([
    { ...NAMED, data_dir: "/data", msg: expect.stringContaining("before it was emptied; put back a copy") },
  ]);
});

test("agents of a runner elsewhere that does not run are named", async () => {
  expect(await report({ claim: JSON.stringify(holderWith({ dataDir: "/other" })) })).toMatchObject([
    {
      ...NAMED,
      data_dir: "/other",
      msg: expect.stringContaining("start it with its data directory, or remove them"),
    },
  ]);
});

test("agents without any trace of their runner are named", async () => {
  expect(await report({})).toMatchObject([{ ...NAMED, msg: expect.stringContaining("no other trace") }]);
});

test("an engine that does not answer is no failure", async () => {
  expect(await report({ fails: true })).toMatchObject([{ level: "warn", reason: "away" }]);
});
