import { expect, test } from "bun:test";
import { closeSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { leaveDescriptors, openDescriptorBox } from "../../../src/lib/descriptors.ts";
import { openSocketAt } from "../../../src/server/listening/open-socket.ts";

/** More than an address of a Unix socket has room for, in bytes. */
const LONG = "d".repeat(150);

test("a server goes on where another one listened, and connections of that one stay", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "oken-socket-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, LONG));
  const box = stack.use(await openDescriptorBox(join(directory, LONG, "box")));
  const serve = (name: string) =>
    stack.adopt(
      Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(name) }),
      async (server) => server.stop(true),
    );
  const before = serve("before");
  const after = serve("after");
  const url = before.url.href;
  const ask = async (headers: Record<string, string> = {}) => (await fetch(url, { headers })).text();
  expect(await ask()).toBe("before");

  const left = await openSocketAt({ port: before.port ?? 0 });
  expect(box.take()).toBeUndefined();
  expect(await leaveDescriptors(join(directory, LONG, "box"), [left?.fd ?? -1])).toBe(true);
  const [passed = -1] = box.take() ?? [];
  await (await openSocketAt({ port: after.port ?? 0 }))?.replace(passed);
  closeSync(passed);
  await left?.leave();

  expect(await ask({ Connection: "close" })).toMatch(/before|after/);
  const answers = await Promise.all(Array.from({ length: 20 }, () => newConnection(url)));
  expect(new Set(answers)).toEqual(new Set(["after"]));
});

async function newConnection(url: string): Promise<string> {
  const answer = await fetch(url, { headers: { Connection: "close" }, keepalive: false });
  return answer.text();
}
