import { expect, test } from "bun:test";
import { readFile, readdir } from "node:fs/promises";

import { answering } from "../helpers/agents.ts";
import { docker } from "../helpers/docker.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const addressOf = async (runner: TestRunner, id: string) => {
  const { body } = await runner.request<{ instances: { address: string }[] }>("GET", `/agents/${id}`);
  return body.instances[0]?.address;
};

test("an invoke for an agent whose address is another's by now is answered by its own agent", async () => {
  await using runner = await startRunner();
  await runner.deploy("first", answering("first"));
  const address = await addressOf(runner, "first");
  const [container = ""] = await runner.containers();
  const events = await eventsProcess(runner.pid);
  // The runner learns nothing of what happens from here on.
  process.kill(events, "SIGSTOP");
  try {
    await docker(["network", "disconnect", runner.network, container]);
    await runner.deploy("second", answering("second"));
    expect(await addressOf(runner, "second")).toBe(address);
    expect(await runner.invoke("first")).toMatchObject({ status: 200, body: { output: "first" } });
    expect(await runner.invoke("second")).toMatchObject({ status: 200, body: { output: "second" } });
    expect(await addressOf(runner, "first")).not.toBe(address);
  } finally {
    process.kill(events, "SIGCONT");
  }
});

/** The id of the process by which a runner follows the engine's events. */
async function eventsProcess(runner: number): Promise<number> {
  for (const entry of await readdir("/proc")) {
    const command = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    const status = await readFile(`/proc/${entry}/status`, "utf8").catch(() => "");
    const isOwn = new RegExp(`^PPid:\\s+${runner}$`, "m").test(status);
    if (isOwn && command.split("\0").includes("events")) return Number(entry);
  }
  throw new Error("the runner follows no events");
}
