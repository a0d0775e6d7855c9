import { expect, test } from "bun:test";

import { reportMissingVolumes } from "../../../src/agents/volumes/missing-volumes.ts";
import { createLog } from "../../../src/lib/log.ts";
import { agentParts } from "../../helpers/agent-parts.ts";

/** What is reported of an agent with such volumes, of which the engine has some. */
async function reported(paths: string[], existing: string[], { isAway = false } = {}) {
  const volumes = paths.map((path) => ({ path, size: undefined, shared: false }));
  const { parts } = agentParts({ state: "idle", manifest: { volumes } });
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    destination: { write: (line) => void lines.push(line) },
  });
  let looks = 0;
  const listVolumes = async () => {
    looks += 1;
    if (isAway) throw new Error("away");
    return existing.map((path) => ({ name: parts.names.volume("echo", path), agentId: "echo", path }));
  };
  await reportMissingVolumes({ ...parts, log, engine: { ...parts.engine, listVolumes } });
  return { lines: lines.map((line) => JSON.parse(line)), looks };
}

test("data that another engine has, or nobody any more, is named at the start", async () => {
  const { lines } = await reported(["/data", "/cache"], ["/cache"]);
  expect(lines).toMatchObject([
    {
      level: "warn",
      agent_id: "echo",
      paths: ["/data"],
      msg: expect.stringContaining("another engine than before"),
    },
  ]);
  expect((await reported(["/data"], ["/data"])).lines).toEqual([]);
});

test("an engine that is away is none of its matter, and without volumes nobody asks", async () => {
  expect((await reported(["/data"], [], { isAway: true })).lines).toEqual([]);
  expect(await reported([], [])).toEqual({ lines: [], looks: 0 });
});
