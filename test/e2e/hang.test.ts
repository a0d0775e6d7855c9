import { expect, test } from "bun:test";

import { eventually } from "../helpers/eventually.ts";
import { startRunner } from "../helpers/runner.ts";

const CONFIG = 'name = "Hangs"\nconcurrency = 4\ntimeout = 1\nwarm_timeout = 0\n';

const WSGI = `
import time

class Endless:
    def __iter__(self): return self
    def __next__(self): time.sleep(0.01); return b"data: x\\n\\n"

def app(environ, start_response):
    if environ["PATH_INFO"] == "/sleep": time.sleep(3600)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Endless() if environ["PATH_INFO"] == "/endless" else [b"well"]
`;

const THREADS = [1, 2, 3, 4];

test("a web application whose threads all sleep past their time answers again, with a new process", async () => {
  await using runner = await startRunner();
  await runner.deploy("sleeps", { "oken.toml": `${CONFIG}entrypoint = "main:app"\n`, "main.py": WSGI });
  const at = (path: string, init?: RequestInit) => fetch(`${runner.url}/invoke/sleeps${path}`, init);

  const late = await Promise.all(THREADS.map(() => at("/sleep")));
  expect(late.map(({ status }) => status)).toEqual([504, 504, 504, 504]);
  await eventually(async () => expect((await at("/")).status).toBe(200));
  const { body } = await runner.request<{ instances: { restarts: number }[] }>("GET", "/agents/sleeps");
  expect(body.instances).toMatchObject([{ restarts: 1 }]);
  const metrics = await (await fetch(`${runner.url}/metrics`)).text();
  expect(metrics).toContain("oken_agent_worker_restarts_total 1\n");
});

test("an endless answer whose caller left does not keep its thread", async () => {
  await using runner = await startRunner();
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
