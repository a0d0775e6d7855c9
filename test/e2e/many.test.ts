import { expect, test } from "bun:test";

import { HANDLER } from "../helpers/agents.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** More than the 256 requests that Bun's client sends at a time unless told otherwise. */
const SLOW_INVOKES = 300;

const SLOW = {
  "oken.toml": `[agent]\nname = "Slow"\nconcurrency = ${SLOW_INVOKES}\n`,
  "main.py": "import asyncio\n\nasync def handler(input):\n    await asyncio.sleep(120)\n    return 'done'\n",
};

test("hundreds of invokes inside one agent do not hold up another agent", async () => {
  await using runner = await startRunner();
  expect((await runner.deploy("slow", SLOW)).status).toBe(200);
  expect((await runner.deploy("quick", HANDLER)).status).toBe(200);

  await using _ = await holdInvokes(runner, "slow", SLOW_INVOKES);
  await eventually(async () => {
    const { body } = await runner.request<{ instances: { in_flight: number }[] }>("GET", "/agents/slow");
    expect(body.instances[0]?.in_flight).toBe(SLOW_INVOKES);
  });
  // The slow ones take two minutes, so that an answer at all means that it did not wait for them.
  const answer = await runner.invoke("quick", { name: "Ada" }, { signal: AbortSignal.timeout(20_000) });
  expect(answer).toMatchObject({ status: 200, body: { output: { hello: "Ada" } } });
});

/** Plain sockets, since `fetch` has the limit that is tried here. */
async function holdInvokes({ url }: TestRunner, agentId: string, count: number): Promise<AsyncDisposable> {
  const { hostname, port, host } = new URL(url);
  const body = '{"input":{}}';
  const request =
    `POST /invoke/${agentId} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  const connect = () =>
    Bun.connect({
      hostname,
      port: Number(port),
      socket: { open: (socket) => void socket.write(request), data: () => undefined },
    });
  const sockets = await Promise.all(Array.from({ length: count }, connect));
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.end();
    },
  };
}
