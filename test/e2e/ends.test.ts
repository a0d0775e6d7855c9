import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { enter, inFlight } from "../helpers/callers-inside.ts";
import { docker } from "../helpers/docker.ts";
import { ENDING_AGENTS } from "../helpers/ending-agents.ts";
import { eventually } from "../helpers/eventually.ts";
import { MEASURED, barNow } from "../helpers/measured.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** How long after the engine's event everyone inside has an answer, milliseconds on a quiet machine. */
const BAR_MS = 250;

/** Close code of a server that ends (RFC 6455 registry). */
const SERVICE_RESTART = 1012;

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
  const deploys = Object.entries(ENDING_AGENTS).map(([shape, { files }]) =>
    runner.deploy(idOf(shape), files),
  );
  for (const { status } of await Promise.all(deploys)) expect(status).toBe(200);
});
afterAll(() => runner[Symbol.asyncDispose]());

const idOf = (shape: string) => shape.replace(" ", "-");

type End = {
  act: (container: string) => Promise<unknown>;
  /** Of whose callers `make test` looks: each shape meets two ends. `make soak` looks at all. */
  shapes: string[];
  reason: string;
  why: string;
};

/** What an operator does to an agent's container, and what its callers are told of it. */
const ENDS: Record<string, End> = {
  "docker kill": {
    act: (container) => docker(["kill", container]),
    shapes: ["handler", "asgi"],
    reason: "stopped",
    why: "was stopped from outside the runner (signal 9)",
  },
  "docker stop": {
    act: (container) => docker(["stop", "--time", "1", container]),
    shapes: ["agent", "wsgi", "own server"],
    reason: "stopped",
    why: "was stopped from outside the runner (signal",
  },
  "docker rm --force": {
    act: (container) => docker(["rm", "--force", container]),
    shapes: ["handler", "wsgi"],
    reason: "stopped",
    why: "was stopped from outside the runner (signal 9)",
  },
  "docker network disconnect": {
    act: (container) => docker(["network", "disconnect", runner.network, container]),
    shapes: ["agent", "asgi", "own server"],
    reason: "disconnected",
    why: "lost its network",
  },
};

describe.each(Object.entries(ENDS))("after a %s of its container", (name, { act, shapes, reason, why }) => {
  test.each(Object.entries(ENDING_AGENTS).filter(([shape]) => isLong || shapes.includes(shape)))(
    "the callers inside are told why at once: %s",
    async (shape, agent) => {
      const id = idOf(shape);
      const container = await containerOf(id);
      const exchanges = await enter(runner, id, agent);
      const before = await barNow(BAR_MS);
      const since = Date.now();
      await act(container);
      const { json, stream, socket } = await exchanges.answers();
      const bar = Math.max(before, await barNow(BAR_MS));
      const endedAt = await endOf(container, since);

      expect(json.answer).toMatchObject({
        status: 502,
        body: { code: "INVOKE_FAILED", details: { reason } },
      });
      expect(json.answer.body.error).toContain(why);
      const isEvents = agent.streamForm === "text/event-stream";
      expect(stream.end).toBe(isEvents ? "whole" : "broken off");
      if (isEvents) expect(stream.text).toStartWith("event: error\ndata: ");
      if (agent.streamForm !== undefined) expect(stream.text).toContain(why);
      // A server that is told to stop may close its WebSockets itself.
      if (socket?.close.code !== SERVICE_RESTART) expect(socket?.close.reason ?? why).toContain(why);
      const took = [json, stream, socket].flatMap((it) =>
        it === undefined ? [] : [Math.round(it.at - endedAt)],
      );
      console.log(
        `${name}, ${shape}: answer, stream and WebSocket after ${took.join(", ")} ms of ${Math.round(bar)}`,
      );
      expect((await runner.invoke(id, { quick: true })).body.output).toEqual(["first"]);
      expect(Math.max(...took)).toBeLessThan(bar);
    },
    MEASURED,
  );
});

describe("an invoke that comes as the container ends", () => {
  test("is answered by the next start of its agent", async () => {
    const { files } = ENDING_AGENTS["handler"] ?? { files: {} };
    await runner.deploy("next", files);
    const container = await containerOf("next");
    await docker(["kill", container]);
    const startedAt = performance.now();
    expect(await runner.invoke("next", { quick: true })).toMatchObject({
      status: 200,
      body: { output: ["first"] },
    });
    console.log(`the invoke after a docker kill: ${Math.round(performance.now() - startedAt)} ms`);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test("during a docker stop waits for the next start, and fails not", async () => {
    const { files } = ENDING_AGENTS["agent"] ?? { files: {} };
    await runner.deploy("patient", files);
    const container = await containerOf("patient");
    const inside = runner.invoke("patient");
    await eventually(async () => expect(await inFlight(runner, "patient")).toBe(1));
    const since = Date.now();
    const stopping = docker(["stop", "--time", "3", container]);
    await eventually(async () =>
      expect((await toldOf(container, since)).map(({ Action }) => Action)).toContain("kill"),
    );
    expect((await runner.invoke("patient", { quick: true })).body.output).toEqual(["first"]);
    expect((await inside).status).toBe(502);
    await stopping;
  });
});

test("a network that is removed is made anew, and its agents with it", async () => {
  await using own = await startRunner();
  const { files } = ENDING_AGENTS["handler"] ?? { files: {} };
  await own.deploy("networked", files);
  const [container = ""] = await own.containers();
  await docker(["network", "disconnect", own.network, container]);
  await docker(["network", "rm", own.network]);
  await eventually(async () =>
    expect(await docker(["network", "ls", "--quiet", "--filter", `name=${own.network}`])).toHaveLength(1),
  );
  expect((await own.invoke("networked", { quick: true })).body.output).toEqual(["first"]);
  expect(await own.request("GET", "/health")).toMatchObject({ status: 200, body: { status: "ok" } });
});

/** The name of an agent's container. */
async function containerOf(id: string): Promise<string> {
  return eventually(async () => {
    const [found] = await runner.containers(id);
    if (found === undefined) throw new Error(`agent ${id} has no container`);
    return found;
  });
}

type Told = { Action: string; timeNano: number; Actor: { Attributes: Record<string, string> } };

/** What the engine has told of a container since then, wall clock, milliseconds. */
async function toldOf(container: string, since: number): Promise<Told[]> {
  const span = ["--since", `${since / 1000}`, "--until", `${Date.now() / 1000}`];
  const lines = await docker([
    "events",
    ...span,
    "--filter",
    `container=${container}`,
    "--format",
    "{{json .}}",
  ]);
  const networks = await docker([
    "events",
    ...span,
    "--filter",
    `network=${runner.network}`,
    "--format",
    "{{json .}}",
  ]);
  return [...lines, ...networks].map((line): Told => JSON.parse(line));
}

/** When the engine told of the end of a container, wall clock, milliseconds. */
async function endOf(container: string, since: number): Promise<number> {
  const ends = (await toldOf(container, since)).filter(({ Action }) =>
    ["die", "disconnect"].includes(Action),
  );
  return Math.min(...ends.map(({ timeNano }) => timeNano / 1e6));
}
