/** What takes minutes, so that only `make soak` has the time. */
import { expect, test } from "bun:test";
import { readFile, readdir } from "node:fs/promises";

import { runLoad } from "../../bench/load.ts";
import { forgetPeak, peakBytes, residentBytes } from "../../bench/memory.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRunner } from "../helpers/runner.ts";

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const CALLERS = 512;
const REQUESTS = 1_000_000;

/** The load ends after a million requests; this is a limit for the case that something hangs. */
const LONGEST_SECONDS = 900;

/** Connections that nobody uses are closed after a minute, or at the next look a minute later. */
const REST_MS = 150_000;

const MiB = 1024 ** 2;

const AGENT = {
  "oken.toml": '[agent]\nname = "Echo"\nconcurrency = 1000\nwarm_timeout = 0\n',
  "main.py": "async def handler(input):\n    return input\n",
};

test.if(isLong)("a million requests of 512 callers all succeed, and leave nothing behind", async () => {
  await using runner = await startRunner();
  expect((await runner.deploy("echo", AGENT)).status).toBe(200);
  const { body } = await runner.request<{ instances: { address: string }[] }>("GET", "/agents/echo");
  const address = body.instances[0]?.address ?? "";
  const plan = { url: `${runner.url}/invoke/echo`, body: '{"input":{}}', connections: CALLERS };
  const held = async () => ({
    files: (await readdir(`/proc/${runner.pid}/fd`)).length,
    sockets: await socketsWith(address),
    bytes: await residentBytes(runner.pid),
  });
  const idle = await held();
  // What the first requests make once and for all.
  await runLoad({ ...plan, seconds: 5, warmupSeconds: 0 });
  const before = await eventually(async () => {
    const now = await held();
    expect(now.files).toBeLessThanOrEqual(idle.files);
    return now;
  }, REST_MS);
  await forgetPeak(runner.pid);

  const { total } = await runLoad({ ...plan, seconds: LONGEST_SECONDS, warmupSeconds: 0 });
  expect(total).toBeGreaterThanOrEqual(REQUESTS);
  const peak = await peakBytes(runner.pid);
  const after = await eventually(async () => {
    const now = await held();
    expect(now.files).toBeLessThanOrEqual(before.files);
    expect(now.sockets).toBeLessThanOrEqual(before.sockets);
    expect(now.bytes).toBeLessThanOrEqual(before.bytes + 16 * MiB);
    return now;
  }, REST_MS);
  process.stderr.write(`${JSON.stringify({ idle, before, peak, after })}\n`);
});

/** TCP sockets with this end, those that wait after their close included. The kernel writes addresses backwards. */
async function socketsWith(address: string): Promise<number> {
  const hex = Buffer.from(address.split(".").map(Number).toReversed()).toString("hex").toUpperCase();
  const table = await readFile("/proc/net/tcp", "utf8");
  return table.split("\n").filter((line) => line.includes(` ${hex}:`)).length;
}
