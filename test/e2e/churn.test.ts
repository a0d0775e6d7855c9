/** What comes and goes for minutes, so that only `make soak` has the time. */
import { expect, test } from "bun:test";
import { readFile, readdir } from "node:fs/promises";

import { residentBytes } from "../../bench/memory.ts";
import { answering } from "../helpers/agents.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { run } from "../helpers/run.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const MINUTES = Number(Bun.env["OKEN_SOAK_MINUTES"] ?? 10);

/** Agents that come and go at the same time. */
const AT_ONCE = 2;

/** Lives before the first look: what the first ones make once and for all is no leak. */
const FIRST_LIVES = 20;

/** Connections that nobody uses are closed after a minute, or at the next look a minute later. */
const REST_MS = 150_000;

/** What the garbage collector may not have given back yet, bytes. */
const SLACK = 24 * 1024 ** 2;

test.if(isLong)(
  `${MINUTES} minutes of deploys, invokes, redeploys and removals leave what was there before`,
  async () => {
    await using runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "1" });
    let lives = 0;
    const liveUntil = async (isOver: () => boolean) => {
      const lane = async () => {
        while (!isOver()) await life(runner, `agent-${(lives += 1)}`);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
    };
    await liveUntil(() => lives >= FIRST_LIVES);
    const before = await eventually(async () => {
      const now = await held(runner);
      expect(now).toMatchObject({ containers: 0, images: 0 });
      expect(now.rules).toBeGreaterThan(0);
      return now;
    }, REST_MS);

    const end = performance.now() + MINUTES * 60_000;
    await liveUntil(() => performance.now() >= end);
    const after = await eventually(async () => {
      const { bytes, descriptors, ...rest } = await held(runner);
      const { bytes: bytesBefore, descriptors: descriptorsBefore, ...restBefore } = before;
      expect(rest).toEqual(restBefore);
      expect(descriptors).toBeLessThanOrEqual(descriptorsBefore);
      expect(bytes).toBeLessThanOrEqual(bytesBefore + SLACK);
      return { bytes, descriptors, ...rest };
    }, REST_MS);
    process.stderr.write(`${JSON.stringify({ lives, before, after })}\n`);
  },
  MINUTES * 60_000 + 10 * REST_MS,
);

/** From the first deploy to the removal, with a deploy that fails. */
async function life(runner: TestRunner, id: string): Promise<void> {
  for (const word of ["one", "two"]) {
    expect(await runner.deploy(id, answering(word))).toMatchObject({ status: 200 });
    expect((await runner.invoke(id)).body.output).toBe(word);
  }
  const broken = {
    ...answering("three"),
    "main.py": "raise SystemExit(3)\n\ndef handler(input):\n    pass\n",
  };
  expect((await runner.deploy(id, broken)).status).toBe(422);
  expect((await runner.invoke(id)).body.output).toBe("two");
  expect((await runner.request("DELETE", `/agents/${id}`)).status).toBe(204);
}

/** What a runner without agents has of the machine. */
async function held(runner: TestRunner) {
  const bridgeName = '{{index .Options "com.docker.network.bridge.name"}}';
  const [bridge = ""] = await docker(["network", "inspect", "--format", bridgeName, runner.network]);
  const rules = await run(["iptables-save"]);
  return {
    descriptors: (await readdir(`/proc/${runner.pid}/fd`)).length,
    processes: (await childrenOf(runner.pid)).length,
    containers: (await runner.containers()).length,
    images: (await runner.images()).length,
    networks: (await docker(["network", "ls", "--quiet", "--filter", `name=${runner.network}`])).length,
    rules: rules.split("\n").filter((line) => line.includes(bridge)).length,
    files: (await readdir(runner.dataDir, { recursive: true })).length,
    bytes: await residentBytes(runner.pid),
  };
}

async function childrenOf(pid: number): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = threads.map((thread) =>
    readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => ""),
  );
  return (await Promise.all(lists)).flatMap((list) => list.split(" ").filter((child) => child.trim() !== ""));
}
