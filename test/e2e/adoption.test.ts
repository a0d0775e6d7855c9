import { expect, test } from "bun:test";
import { join } from "node:path";

import { createNames } from "../../src/instance/names.ts";
import { HANDLER } from "../helpers/agents.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRunner } from "../helpers/runner.ts";

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

/** Of all agents, and of those that run when the runner is killed. */
const [AGENTS, RUNNING] = isLong ? [200, 50] : [6, 3];

/** Starts under way at the same time. */
const AT_ONCE = 10;

/** From the start of the process until all that run are taken over, milliseconds. */
const ADOPTION_MS = 5_000;

test("agents that run are taken over at once, and calls that come meanwhile start no second container", async () => {
  await using runner = await startRunner();
  await runner.deploy("agent0", HANDLER);
  await runner.kill("SIGTERM");
  const ids = await copies(runner.dataDir, AGENTS);
  await runner.restart();
  const running = ids.slice(0, RUNNING);
  for (let next = 0; next < RUNNING; next += AT_ONCE)
    await Promise.all(running.slice(next, next + AT_ONCE).map((id) => runner.invoke(id)));
  // A look at the firewall has a container for a moment.
  const before = await eventually(async () => {
    const found = (await runner.containers()).sort();
    expect(found).toHaveLength(RUNNING);
    return found;
  });

  await runner.kill("SIGKILL");
  const startedAt = performance.now();
  await runner.restart();
  const answers = await Promise.all(running.map((id) => runner.invoke(id, { name: "Ada" })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  await eventually(async () => {
    const { body } = await runner.request<{ agents: unknown[] }>("GET", "/agents?state=running&limit=1000");
    expect(body.agents).toHaveLength(RUNNING);
  });
  // The bar is for a machine that has nothing else to do.
  if (isLong) expect(performance.now() - startedAt).toBeLessThan(ADOPTION_MS);
  await eventually(async () => expect((await runner.containers()).sort()).toEqual(before));
  const adopted = runner.log().filter(({ reason }) => reason === "adopted");
  expect(adopted).toHaveLength(RUNNING);
});

/** Further agents of the same files and the same image. Gives the names of all. */
async function copies(dataDir: string, count: number): Promise<string[]> {
  const { runnerId, digestKey }: { runnerId: string; digestKey: string } = await Bun.file(
    join(dataDir, "runner.json"),
  ).json();
  const names = createNames(runnerId, digestKey);
  const ids = Array.from({ length: count }, (_, index) => `agent${index}`);
  for (const id of ids.slice(1)) {
    const directory = join(dataDir, "agents", id);
    // With their owners.
    await Bun.spawn(["cp", "--archive", join(dataDir, "agents/agent0"), directory]).exited;
    await change(join(directory, "agent.json"), { agent_id: id });
    await change(join(directory, "versions/1/version.json"), { image: names.image(id, 1) });
    await docker(["tag", names.image("agent0", 1), names.image(id, 1)]);
  }
  return ids;
}

async function change(path: string, changes: Record<string, unknown>): Promise<void> {
  const record: Record<string, unknown> = await Bun.file(path).json();
  await Bun.write(path, JSON.stringify({ ...record, ...changes }));
}
