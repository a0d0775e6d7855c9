import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

/** Invokes a second, while runners are replaced. */
const RATE = 200;
const UPGRADES = isLong ? 10 : 2;

/** Says something in each of so many parts of its answer, a quarter of a second apart. */
const PARTS = 20;
const STREAM = {
  "oken.toml": '[agent]\nname = "stream"\nwarm_timeout = 1\n',
  "main.py": `import time

def handler(input):
    for part in range(${PARTS}):
        yield part
        time.sleep(0.25)
`,
};

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({
    OKEN_CLEANUP_INTERVAL: "1",
    // A busy machine may be slower than its callers.
    OKEN_MAX_QUEUE: "10000",
    OKEN_QUEUE_TIMEOUT: "60",
  });
  await runner.deploy("steady", HANDLER);
});
afterAll(() => runner[Symbol.asyncDispose]());

test("upgrades fail no request, and a stream goes on over them to its own end", async () => {
  await runner.deploy("stream", STREAM);
  const headers = { Accept: "application/x-ndjson" };
  const stream = await post(`${runner.url}/invoke/stream`, { headers });
  const outcomes: Promise<string | number>[] = [];
  // Half of them each on a connection of its own, as by those who call now and then.
  const timer = setInterval(() => outcomes.push(outcome(outcomes.length % 2 === 0)), 1000 / RATE);
  const first = await runner.takeOver();
  for (let upgrade = 1; upgrade < UPGRADES; upgrade += 1) await runner.takeOver();
  clearInterval(timer);

  const found = await Promise.all(outcomes);
  expect(found.filter((it) => it !== 200)).toEqual([]);
  const parts = (await stream.text()).trim().split("\n");
  expect(parts.map((line) => JSON.parse(line))).toEqual(Array.from({ length: PARTS }, (_, part) => part));
  expect(await first.ended).toBe(0);
  expect(await runner.containers("steady")).toHaveLength(1);
  expect((await runner.deploy("steady", { ...HANDLER, "more.txt": "1" })).body).toMatchObject({ version: 2 });
});

test("a successor that fails after its checks leaves the runner as it was", async () => {
  using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const failing = runner.takeOver({ OKEN_PORT: String(other.port) });
  await expect(failing).rejects.toThrow("another program listens");
  expect((await runner.invoke("steady", { name: "Ada" })).status).toBe(200);
  expect((await runner.deploy("steady", { ...HANDLER, "more.txt": "2" })).body).toMatchObject({ version: 3 });
});

test("a Unix socket passes to the successor, and goes with the last one", async () => {
  await using own = await startRunner({ OKEN_LISTEN: `unix:${join(runner.dataDir, "api.sock")}` });
  const unix = join(runner.dataDir, "api.sock");
  const ask = async () => (await fetch("http://localhost/agents", { unix })).status;
  const { ended } = await own.takeOver();
  expect(await ask()).toBe(200);
  expect(await ended).toBe(0);
  expect(await ask()).toBe(200);
  await own.kill("SIGTERM");
  expect(await Bun.file(unix).exists()).toBe(false);
});

async function outcome(isAlone: boolean): Promise<string | number> {
  const options = isAlone ? { headers: { Connection: "close" }, keepalive: false } : {};
  try {
    const answer = await post(`${runner.url}/invoke/steady`, options);
    await answer.text();
    return answer.status;
  } catch (error) {
    return String(error);
  }
}

function post(url: string, options: RequestInit): Promise<Response> {
  return fetch(url, { method: "POST", body: JSON.stringify({ input: { name: "Ada" } }), ...options });
}
