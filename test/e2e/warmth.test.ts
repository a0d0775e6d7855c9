import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

/** How often calls come just as the agent is paused or stopped. */
const RACES = 80;

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "0.1" });
});
afterAll(() => runner[Symbol.asyncDispose]());

const detailOf = async (id: string) => (await runner.request("GET", `/agents/${id}`)).body;
const statusOf = async (id: string) => (await detailOf(id))["status"];

describe("an agent with keep_warm", () => {
  test("is started again without an invoke, also when it died while the runner was away", async () => {
    await runner.deploy("warm", { ...HANDLER, "oken.toml": 'name = "Warm"\nkeep_warm = true\n' });
    const [container = ""] = await runner.containers("warm");
    const startedAt = async () =>
      (await docker(["inspect", "--format", "{{.State.StartedAt}}", container])).join("");
    const first = await startedAt();
    await docker(["kill", container]);
    await eventually(async () => expect(await startedAt()).not.toBe(first));
    await eventually(async () => expect(await statusOf("warm")).toBe("running"));

    await runner.kill("SIGKILL");
    await docker(["kill", container]);
    await runner.restart();
    await eventually(async () => expect(await statusOf("warm")).toBe("running"));
    expect((await runner.invoke("warm", { name: "Ada" })).body.output).toEqual({ hello: "Ada" });
  });
});

/** Says how often it was called: of that nothing is left when its process ends. */
const counting = (timeouts: string) => ({
  "oken.toml": `name = "Counting"\n${timeouts}\n`,
  "main.py":
    "import itertools\n\ncalls = itertools.count(1)\n\ndef handler(input):\n    return next(calls)\n",
});
const callsOf = async (id: string) => (await runner.invoke(id)).body.output;
const pausedOf = async (id: string) => {
  const [container = ""] = await runner.containers(id);
  return (await docker(["inspect", "--format", "{{.State.Status}}", container])).join("");
};

describe("an agent with pause_after", () => {
  test("is paused when nobody calls it, goes on with the next call, and outlasts the runner", async () => {
    await runner.deploy("napper", counting("pause_after = 1"));
    expect(await callsOf("napper")).toBe(1);
    await eventually(async () => expect(await pausedOf("napper")).toBe("paused"));
    expect(await detailOf("napper")).toMatchObject({
      ...{ status: "paused", instances: [{ in_flight: 0, restarts: null }] },
    });
    expect(await Promise.all([callsOf("napper"), callsOf("napper")])).toEqual(expect.arrayContaining([2, 3]));

    await eventually(async () => expect(await statusOf("napper")).toBe("paused"));
    await runner.kill("SIGKILL");
    await runner.restart();
    await eventually(async () => expect(await statusOf("napper")).toBe("paused"));
    expect(await callsOf("napper")).toBe(4);
    await eventually(async () => expect(await statusOf("napper")).toBe("paused"));
    expect((await runner.request("POST", "/stop/napper")).body).toMatchObject({ status: "stopped" });
    expect(await pausedOf("napper")).toBe("exited");
  });

  test("is stopped in the end, as one that was never paused", async () => {
    await runner.deploy("sleeper", counting("pause_after = 1\nwarm_timeout = 4"));
    await eventually(async () => expect(await statusOf("sleeper")).toBe("idle"));
    expect((await detailOf("sleeper"))["states"]).toMatchObject([
      ...[{ status: "idle", from: "paused" }, { status: "paused" }, {}],
    ]);
    expect(await callsOf("sleeper")).toBe(1);
  });
});

test.skipIf(!isLong)(
  "calls that come as an agent is paused, and as it is stopped, are all answered",
  async () => {
    await runner.deploy("racer", counting("pause_after = 1\nwarm_timeout = 2"));
    for (let race = 0; race < RACES; race += 1) {
      // Every other time the pause is over when they come, and the stop begins.
      await Bun.sleep(950 + 1_000 * (race % 2) + Math.random() * 250);
      const answers = await Promise.all([1, 2, 3].map(() => runner.invoke("racer")));
      for (const answer of answers) expect(answer).toMatchObject({ status: 200 });
    }
    const moves = runner.log().filter((line) => line["agent_id"] === "racer");
    const pauses = moves.filter((line) => line["to"] === "paused");
    const stops = moves.filter((line) => line["to"] === "idle");
    console.log(`paused ${pauses.length} times, stopped ${stops.length} times`);
    expect(Math.min(pauses.length, stops.length)).toBeGreaterThan(RACES / 10);
  },
);

describe("an agent that no longer starts", () => {
  const PICKY = {
    "oken.toml": 'name = "Picky"\n',
    "main.py":
      'import os\n\nif os.environ["MOOD"] != "good":\n    raise RuntimeError("not today")\n\ndef handler(input):\n    return "well"\n',
  };

  test("refuses invokes at once with its reason and a time, and starts by request", async () => {
    await runner.deploy("picky", PICKY, { MOOD: "good" });
    const secrets = join(runner.dataDir, "agents/picky/versions/1/secrets.json");
    const before = await readFile(secrets, "utf8");
    await writeFile(secrets, before.replace("good", "foul"));
    const [container = ""] = await runner.containers("picky");
    await docker(["kill", container]);
    expect(await runner.invoke("picky")).toMatchObject({ status: 422, body: { code: "AGENT_START_FAILED" } });

    // On a busy machine a second may be over before the next call is there; the wait then doubles.
    const refused = await eventually(async () => {
      const answer = await runner.invoke("picky");
      expect(answer.body.code).toBe("AGENT_NOT_RUNNING");
      return answer;
    });
    expect(refused).toMatchObject({
      status: 400,
      body: {
        code: "AGENT_NOT_RUNNING",
        error: expect.stringContaining("RuntimeError: not today"),
        details: { last_error: { code: "AGENT_START_FAILED" } },
      },
    });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    const { status, states } = await detailOf("picky");
    expect({ status, states }).toMatchObject({
      status: "error",
      states: { 0: { status: "error", next_start_at: expect.stringMatching(/^\d{4}-.*Z$/) } },
    });

    await writeFile(secrets, before);
    expect(await runner.request("POST", "/start/picky")).toMatchObject({
      status: 200,
      body: { status: "running", last_error: null, next_start_at: null },
    });
    expect((await runner.invoke("picky")).body.output).toBe("well");
  });
});
