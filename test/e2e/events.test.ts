import { afterAll, beforeAll, expect, test } from "bun:test";

import { type Deployed } from "../helpers/client.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { tarball } from "../helpers/tarball.ts";

/** The promise of `GET /agents/{id}`, milliseconds. */
const DETAIL_MS = 50;

const AGENT = {
  "oken.toml": 'name = "Events"\n\n[labels]\nteam = "search"\n',
  "main.py": `import time

def handler(input):
    if input.get("fail"):
        raise ValueError("as asked")
    if input.get("stream"):
        return items(input["stream"])
    return {"hello": input.get("name")}

def items(count):
    for number in range(count):
        yield number
        time.sleep(0.2)
`,
};

type Event = { id: string; event: string; data: Record<string, unknown> };

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(async () => {
  await runner?.[Symbol.asyncDispose]();
});

/** Follows the events until it is disposed of. */
function follow(after?: string) {
  const events: Event[] = [];
  const leaving = new AbortController();
  const reading = (async () => {
    const headers: Record<string, string> = after === undefined ? {} : { "last-event-id": after };
    const response = await fetch(`${runner.url}/events`, { headers, signal: leaving.signal });
    let rest = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, id = "", event = "", data = ""] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (id !== "") events.push({ id, event, data: JSON.parse(data) });
      }
    }
  })().catch(() => undefined);
  return {
    events,
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await reading;
    },
  };
}

const named = (events: Event[]) => events.map(({ event }) => event);

test("a deploy, its retry, its calls and its end are told, counted and found", async () => {
  await using reader = follow();
  await eventually(() => Promise.resolve(expect(named(reader.events)).toEqual(["reset"])));
  const archive = await tarball(AGENT);
  const send = () => {
    const form = new FormData();
    form.set("agent_id", "events");
    form.set("tarball", new Blob([archive]), "agent.tar.gz");
    const init = { body: form, headers: { "idempotency-key": "once" } };
    return runner.request<Deployed>("POST", "/deploy", init);
  };
  const answers = await Promise.all([send(), send()]);
  expect(answers.map(({ body }) => body.version)).toEqual([1, 1]);
  expect(answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true")).toHaveLength(1);
  await eventually(() =>
    Promise.resolve(
      expect(named(reader.events)).toEqual([
        "reset",
        "deployment.started",
        "agent.state",
        "deployment.finished",
      ]),
    ),
  );
  expect(reader.events.at(-1)?.data).toMatchObject({
    agent_id: "events",
    state: "succeeded",
    version: 1,
    error: null,
  });

  await using again = follow(reader.events[1]?.id);
  await eventually(() =>
    Promise.resolve(expect(named(again.events)).toEqual(["agent.state", "deployment.finished"])),
  );

  for (let call = 0; call < 20; call += 1) await runner.invoke("events", { name: "Ada" });
  await runner.invoke("events", { fail: true });
  const stream = runner.invoke("events", { stream: 10 }, { headers: { accept: "text/event-stream" } });
  await eventually(async () => {
    const { body } = await runner.request("GET", "/agents/events/stats");
    expect(body).toMatchObject({ requests: 22, errors: 1, in_flight: 1, open_streams: 1 });
    expect(body["streams"]).toEqual([expect.objectContaining({ kind: "stream", path: "/invoke/events" })]);
    expect(body["memory_bytes"]).toBeGreaterThan(1_000_000);
    expect(body["p99_ms"]).toBeGreaterThan(0);
  });
  await stream;
  const { body: all } = await runner.request<{ agents: Record<string, number[]>[] }>(
    "GET",
    "/stats?history=true",
  );
  expect(all.agents[0]?.["requests_by_minute"]).toHaveLength(60);

  const { body: host } = await runner.request("GET", "/host");
  expect(host).toMatchObject({
    status: "ok",
    checks: {},
    agents: { running: 1 },
    builds: { running: 0, waiting: 0 },
  });

  // Again while the machine is busy with other tests.
  await eventually(async () => {
    const times: number[] = [];
    for (let look = 0; look < 21; look += 1) {
      const startedAt = performance.now();
      const { body } = await runner.request("GET", "/agents/events");
      times.push(performance.now() - startedAt);
      expect(body).toMatchObject({
        states: [{ status: "running", reason: "version 1 is ready" }],
        open_streams: 0,
      });
    }
    expect(times.sort((one, other) => one - other)[10]).toBeLessThan(DETAIL_MS);
  });

  await runner.request("DELETE", "/agents/events");
  await eventually(() => Promise.resolve(expect(named(reader.events).at(-1)).toBe("agent.removed")));
});

test("what nobody knows is refused: parameters, states, and deployments of no agent", async () => {
  const statuses = await Promise.all(
    ["/agents?stat=running", "/agents?state=asleep", "/health?verbose=1", "/agents/nobody/deployments"].map(
      async (path) => (await runner.request("GET", path)).status,
    ),
  );
  expect(statuses).toEqual([400, 400, 400, 404]);
  const { status, headers } = await runner.request("OPTIONS", "/agents");
  expect([status, headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
});
