import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { createClient } from "../helpers/client.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const TOKEN = "a-token-of-some-length";

/** Ids of which HAProxy gives some to either of two runners. */
const IDS = ["ada", "cleo", "bob", "dan", "eve", "fay"];

/** How long HAProxy may take to notice, milliseconds: a look at a busy runner takes seconds. */
const NOTICED_MS = 60_000;

const canRun = Bun.which("haproxy") !== null;
if (!canRun) console.warn("skipped: several runners; there is no HAProxy on PATH");

test.skipIf(!canRun)(
  "behind the HAProxy of docs/scaling.md each agent lives on one of two runners, also while that is away",
  async () => {
    await using one = await startRunner({ OKEN_API_TOKEN: TOKEN });
    await using two = await startRunner({ OKEN_API_TOKEN: TOKEN });
    await using front = await startFront([one, two]);
    const homes = new Map<string, string>();
    for (const id of IDS) {
      if (new Set(homes.values()).size === 2) break;
      const { status, headers, body } = await front.deploy(id, HANDLER);
      expect({ id, status, body }).toMatchObject({ status: 200 });
      homes.set(id, headers.get("x-runner") ?? "");
    }
    expect([...new Set(homes.values())].toSorted()).toEqual(["one", "two"]);
    for (const [name, runner] of Object.entries({ one, two }))
      expect(await agentsOf(runner)).toEqual([...homes.keys()].filter((id) => homes.get(id) === name));

    for (const [id, home] of homes) {
      const answers = [await front.invoke(id, { name: id }), await front.request("GET", `/agents/${id}`)];
      for (const { status, headers } of answers)
        expect([status, headers.get("x-runner")]).toEqual([200, home]);
    }
    const form = new FormData();
    form.set("secrets", "{}");
    for (const answer of [await front.request("GET", "/agents"), await front.deployForm(form)])
      expect(answer).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    const health = async () => (await front.request("GET", "/health")).status;
    await eventually(async () => expect(await health()).toBe(200), NOTICED_MS);

    const [away = "", there = ""] = ["one", "two"].map((name) => IDS.find((id) => homes.get(id) === name));
    const { port } = new URL(one.url);
    await one.kill("SIGKILL");
    for (const answer of [await front.invoke(away), await front.deploy(away, HANDLER)]) {
      expect(answer).toMatchObject({ status: 503, body: { code: "ENGINE_UNAVAILABLE" } });
      expect(answer.headers.get("retry-after")).toBe("5");
    }
    expect((await front.invoke(there)).status).toBe(200);
    await eventually(async () => expect(await health()).toBe(503), NOTICED_MS);
    expect(await agentsOf(two)).not.toContain(away);

    await one.restart({ OKEN_PORT: port });
    expect(await front.invoke(away, { name: "Ada" })).toMatchObject({ body: { output: { hello: "Ada" } } });
    await eventually(async () => expect(await health()).toBe(200), NOTICED_MS);
  },
);

async function agentsOf(runner: TestRunner): Promise<string[]> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const { body } = await runner.request<{ agents: { agent_id: string }[] }>("GET", "/agents", { headers });
  return body.agents.map(({ agent_id }) => agent_id).toSorted();
}

/** HAProxy with the document's configuration, in front of two runners instead of two hosts. */
async function startFront(runners: TestRunner[]) {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const [socket, file] = [join(directory, "front"), join(directory, "haproxy.cfg")];
  const page = await Bun.file(join(import.meta.dir, "../../docs/scaling.md")).text();
  let config = /```haproxy\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  config = config.replace("bind 127.0.0.1:8000", `bind unix@${socket}`);
  for (const [index, { url }] of runners.entries())
    config = config.replaceAll(`10.0.0.${11 + index}:8000`, new URL(url).host);
  await writeFile(file, config);
  const child = Bun.spawn(["haproxy", "-db", "-f", file], {
    env: { ...process.env, OKEN_API_TOKEN: TOKEN },
    stdout: "ignore",
    stderr: Bun.file(join(directory, "log")),
  });
  const client = createClient(() => "http://front", { unix: socket });
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => {
    child.kill("SIGTERM");
    await child.exited;
    await rm(directory, { recursive: true, force: true });
  });
  await eventually(() => client.request("GET", "/health"));
  const own = undo.move();
  return { ...client, [Symbol.asyncDispose]: () => own.disposeAsync() };
}
