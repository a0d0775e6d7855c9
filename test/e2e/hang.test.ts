import { afterAll, beforeAll, expect, test } from "bun:test";

import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const CONFIG = 'name = "Hangs"\nconcurrency = 4\ntimeout = 1\nwarm_timeout = 0\n';

const WSGI = `
import time

class Endless:
    def __iter__(self): return self
    def __next__(self): time.sleep(0.01); return b"data: x\\n\\n"

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Endless() if environ["PATH_INFO"] == "/endless" else [b"well"]
`;

const THREADS = [1, 2, 3, 4];

/** It hangs in an `await` and closes with its callers: neither its connections nor its health say that it does. */
const AWAITS = `
import asyncio, os

async def serve(reader, writer):
    path = (await reader.readuntil(b"\\r\\n\\r\\n")).split()[1]
    if path == b"/hang" or serve.hangs and path != b"/health":
        serve.hangs = True
        await reader.read()
        writer.close()
        return
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\nConnection: close\\r\\n\\r\\nwell")
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "", int(os.environ["PORT"]))
    await server.serve_forever()

serve.hangs = False
asyncio.run(main())
`;

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

test("a program with a server of its own that answers nothing in several deadlines is replaced", async () => {
  await runner.deploy("awaits", { "oken.toml": CONFIG, "main.py": AWAITS });
  const at = async (path: string) => (await fetch(`${runner.url}/invoke/awaits${path}`)).status;

  expect(await at("/")).toBe(200);
  for (const path of ["/hang", "/", "/"]) expect(await at(path)).toBe(504);
  await eventually(async () => expect(await at("/")).toBe(200));
  const { body } = await runner.request<{ instances: { restarts: number }[] }>("GET", "/agents/awaits");
  expect(body.instances).toMatchObject([{ restarts: 1 }]);
  const metrics = await (await fetch(`${runner.url}/metrics`)).text();
  expect(metrics).toContain("oken_agent_worker_restarts_total 1\n");
});

test("an endless answer whose caller left does not keep its thread", async () => {
  await runner.deploy("endless", { "oken.toml": `${CONFIG}entrypoint = "main:app"\n`, "main.py": WSGI });
  const at = (path: string) => fetch(`${runner.url}/invoke/endless${path}`);

  for (const _ of THREADS) {
    const { body } = await at("/endless");
    const reader = body?.getReader();
    await reader?.read();
    await reader?.cancel();
  }
  expect(await (await at("/")).text()).toBe("well");
});
