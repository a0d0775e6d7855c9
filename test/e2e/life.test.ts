import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";

import { HANDLER } from "../helpers/agents.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "0.1" });
});
afterAll(() => runner[Symbol.asyncDispose]());

const statusOf = async (id: string) => (await runner.request("GET", `/agents/${id}`)).body["status"];

const SLOW = {
  "oken.toml": '[agent]\nname = "Slow"\nwarm_timeout = 1\n',
  "main.py":
    "import asyncio\n\nasync def handler(input):\n    await asyncio.sleep(input['seconds'])\n    return 'done'\n",
};

describe("stop and start", () => {
  test("a stopped agent refuses invokes, keeps its log, and starts again by request", async () => {
    await runner.deploy("stopped", HANDLER);
    await runner.invoke("stopped", { name: "Ada" });
    for (const _ of ["once", "again"]) {
      expect(await runner.request("POST", "/stop/stopped")).toMatchObject({
        status: 200,
        body: { agent_id: "stopped", status: "stopped" },
      });
    }
    expect(await runner.invoke("stopped")).toMatchObject({
      status: 400,
      body: { code: "AGENT_NOT_RUNNING" },
    });
    expect((await runner.request("GET", "/logs/stopped")).body["logs"]).toContain("called with");
    expect(await runner.request("POST", "/start/stopped")).toMatchObject({
      status: 200,
      body: { agent_id: "stopped", status: "running" },
    });
    expect(await runner.invoke("stopped", { name: "Ada" })).toMatchObject({
      status: 200,
      body: { output: { hello: "Ada" } },
    });
  });

  test("a stopped agent that is deployed again runs", async () => {
    await runner.deploy("revived", HANDLER);
    await runner.request("POST", "/stop/revived");
    expect(await runner.deploy("revived", HANDLER)).toMatchObject({
      status: 200,
      body: { status: "running" },
    });
    expect((await runner.invoke("revived", { name: "Ada" })).status).toBe(200);
  });
});

const SLOW_START = {
  ...HANDLER,
  "main.py": "import time\n\ntime.sleep(2)\n\ndef handler(input):\n    return 'started'\n",
};

describe("a start that takes its time", () => {
  test("is shared by the invokes that come meanwhile", async () => {
    await runner.deploy("shared", SLOW_START);
    await runner.request("POST", "/stop/shared");
    const starting = runner.request("POST", "/start/shared");
    await eventually(async () => expect(await statusOf("shared")).toBe("starting"));
    const answers = await Promise.all([runner.invoke("shared"), runner.invoke("shared")]);
    expect(answers.map(({ body }) => body.output)).toEqual(["started", "started"]);
    for (const { headers } of answers)
      expect(headers.get("server-timing")).toMatch(
        /^queue;dur=[\d.]+, start;dur=\d{3,}[\d.]*, run;dur=[\d.]+$/,
      );
    expect((await starting).status).toBe(200);
  });

  test("is ended by a stop, which leaves the agent stopped", async () => {
    await runner.deploy("halted", SLOW_START);
    await runner.request("POST", "/stop/halted");
    const starting = runner.request("POST", "/start/halted");
    await eventually(async () => expect(await statusOf("halted")).toBe("starting"));
    expect((await runner.request("POST", "/stop/halted")).status).toBe(200);
    expect(await starting).toMatchObject({ status: 409, body: { code: "DEPLOY_CONFLICT" } });
    expect(await statusOf("halted")).toBe("stopped");
    expect(await runner.containers("halted")).toEqual([]);
  });
});

test("a removed agent is gone with its containers, images, source and secrets", async () => {
  await runner.deploy("removed", HANDLER, { TOKEN: "very secret" });
  expect((await runner.request("DELETE", "/agents/removed")).status).toBe(204);
  expect((await runner.request("DELETE", "/agents/removed")).status).toBe(404);
  expect(await runner.containers("removed")).toEqual([]);
  expect((await runner.images()).filter((name) => name.includes("removed"))).toEqual([]);
  expect(await Array.fromAsync(new Bun.Glob("agents/removed/**").scan(runner.dataDir))).toEqual([]);
});

describe("an agent that nobody uses", () => {
  test("is put to sleep, and woken by the next invokes, which share one start", async () => {
    await runner.deploy("sleeper", {
      ...HANDLER,
      "oken.toml": '[agent]\nname = "Sleeper"\nwarm_timeout = 1\n',
    });
    await eventually(async () => expect(await statusOf("sleeper")).toBe("idle"));
    const answers = await Promise.all(["a", "b", "c", "d"].map((name) => runner.invoke("sleeper", { name })));
    expect(answers.map(({ body }) => body.output)).toEqual(
      ["a", "b", "c", "d"].map((name) => ({ hello: name })),
    );
    const starts = runner.log().filter((line) => line["agent_id"] === "sleeper" && line["to"] === "starting");
    expect(starts.length).toBe(1);
  });

  test("is not put to sleep with a request inside", async () => {
    await runner.deploy("slow", SLOW);
    expect((await runner.invoke("slow", { seconds: 2.5 })).body.output).toBe("done");
    const idleAt = runner.log().filter((line) => line["agent_id"] === "slow" && line["to"] === "idle");
    expect(idleAt).toEqual([]);
  });
});

/** Of the agent's container, once there is one; 0 for all that the host has. */
const cpusOf = (agentId: string) =>
  eventually(async () => {
    const name = (await runner.containers(agentId))[0] ?? "";
    const [cpus] = await docker(["inspect", "--format", "{{.HostConfig.NanoCpus}}", name]);
    return Number(cpus) / 1e9;
  });

describe("the processors of an agent", () => {
  const HALF = { ...HANDLER, "oken.toml": '[agent]\nname = "Half"\ncpus = 0.5\n' };
  const STARTING = {
    ...HALF,
    "main.py": "import time\n\ntime.sleep(3)\n\ndef handler(input):\n    return 1\n",
  };

  test("are its own once it is ready, after a deploy and after a start, and all while it is stopped", async () => {
    await runner.deploy("half", HALF);
    await eventually(async () => expect(await cpusOf("half")).toBe(0.5));
    await runner.request("POST", "/stop/half");
    expect(await cpusOf("half")).toBe(availableParallelism());
    await runner.request("POST", "/start/half");
    await eventually(async () => expect(await cpusOf("half")).toBe(0.5));
  });

  test("are all of the host's while it starts alone, and its own while others are deployed", async () => {
    const alone = runner.deploy("alone", STARTING);
    expect(await cpusOf("alone")).toBe(0);
    await alone;
    const both = Promise.all([runner.deploy("both-a", STARTING), runner.deploy("both-b", STARTING)]);
    expect([await cpusOf("both-a"), await cpusOf("both-b")]).toEqual([0.5, 0.5]);
    await both;
  });
});

test("an agent whose container dies is started anew by the next invoke", async () => {
  await runner.deploy("mortal", HANDLER);
  const container = (await runner.containers("mortal"))[0];
  await docker(["kill", String(container)]);
  await eventually(async () => expect(await statusOf("mortal")).toBe("idle"));
  expect((await runner.invoke("mortal", { name: "Ada" })).body.output).toEqual({ hello: "Ada" });
});

test("what one agent is called with reaches it exact to the byte as environment variables", async () => {
  const secrets = {
    LINES: "a\nb\r\n",
    QUOTES: `'"\`$HOME\\`,
    EQUALS: "a=b=",
    EMPTY: "",
    UNICODE: "ключ 🔑",
  };
  await runner.deploy(
    "secret",
    {
      "oken.toml": '[agent]\nname = "Secret"\n',
      "main.py":
        "import os\n\ndef handler(input):\n    return {name: os.environ.get(name) for name in input['names']}\n",
    },
    secrets,
  );
  const answer = await runner.invoke("secret", { names: Object.keys(secrets) });
  expect(answer.body.output).toEqual(secrets);
  const container = (await runner.containers("secret"))[0];
  expect((await docker(["inspect", String(container)])).join("")).not.toContain("ключ");
});
