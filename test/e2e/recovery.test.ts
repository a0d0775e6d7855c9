import { describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { startPackageIndex } from "../helpers/package-index.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { tarball } from "../helpers/tarball.ts";

describe("agents go on when the runner ends, and the next start adopts them", () => {
  test.each(["SIGKILL", "SIGTERM"] as const)("after %s", async (signal) => {
    await using runner = await startRunner();
    await runner.deploy("kept", HANDLER);
    await runner.invoke("kept", { name: "Ada" });
    const invokedAt = (await runner.request("GET", "/agents/kept")).body["last_invoked"];
    const deployments = (await runner.request("GET", "/agents/kept/deployments")).body;
    const before = await docker(["ps", "--no-trunc", "--quiet", "--filter", `network=${runner.network}`]);
    expect(await runner.kill(signal)).toBe(signal === "SIGTERM" ? 0 : 137);
    expect(await docker(["ps", "--no-trunc", "--quiet", "--filter", `network=${runner.network}`])).toEqual(
      before,
    );
    await runner.restart();
    await eventually(async () =>
      expect((await runner.request("GET", "/agents/kept")).body).toMatchObject({
        status: "running",
        version: 1,
        // A crash may lose the last one; an end in good order does not.
        ...(signal === "SIGTERM" ? { last_invoked: invokedAt } : {}),
      }),
    );
    expect((await runner.request("GET", "/agents/kept/deployments")).body).toEqual(deployments);
    expect((await runner.invoke("kept", { name: "Ada" })).body.output).toEqual({ hello: "Ada" });
    expect(await docker(["ps", "--no-trunc", "--quiet", "--filter", `network=${runner.network}`])).toEqual(
      before,
    );
    expect((await runner.deploy("kept", HANDLER)).body).toMatchObject({ unchanged: true });
  });
});

test("a runner that was killed before it limited a container does so at its next start", async () => {
  await using runner = await startRunner();
  const agent = { ...HANDLER, "oken.toml": '[agent]\nname = "Small"\ncpus = 0.5\n' };
  await runner.deploy("small", agent);
  const name = (await runner.containers("small"))[0] ?? "";
  const cpus = async () => (await docker(["inspect", "-f", "{{.HostConfig.NanoCpus}}", name]))[0];
  await eventually(async () => expect(await cpus()).toBe("500000000"));
  await runner.kill("SIGKILL");
  await docker(["update", "--cpus", "1", name]);
  await runner.restart();
  await eventually(async () => expect(await cpus()).toBe("500000000"));
});

test("a stopped agent is still stopped after a restart", async () => {
  await using runner = await startRunner();
  await runner.deploy("still", HANDLER);
  await runner.request("POST", "/stop/still");
  await runner.kill("SIGKILL");
  await runner.restart();
  expect((await runner.request("GET", "/agents/still")).body).toMatchObject({ status: "stopped" });
});

test("a deploy that a crash cut off leaves nothing after the next start", async () => {
  await using runner = await startRunner();
  const deploying = runner
    .deploy("cut", {
      ...HANDLER,
      "main.py": "import time\n\ntime.sleep(60)\n\ndef handler(input):\n    return 1\n",
    })
    .catch(() => undefined);
  const isStarted = Promise.withResolvers<void>();
  const poll = setInterval(
    () => void runner.containers().then((names) => names.length > 0 && isStarted.resolve()),
    50,
  );
  await isStarted.promise.finally(() => clearInterval(poll));
  await runner.kill("SIGKILL");
  await deploying;
  await runner.restart();
  await eventually(async () =>
    expect([...(await runner.containers()), ...(await runner.images())]).toEqual([]),
  );
  expect((await runner.request("GET", "/agents")).body).toEqual({ agents: [] });
});

/** Command lines of processes that build something for this runner. */
async function builds({ dataDir }: TestRunner): Promise<string[]> {
  const child = Bun.spawn(["ps", "-eo", "args"], { stdout: "pipe" });
  const lines = (await child.stdout.text()).split("\n");
  return lines.filter((line) => line.includes("buildx build") && line.includes(dataDir));
}

test("a build that a crash left running is ended by the next start", async () => {
  const asked = Promise.withResolvers<void>();
  using index = await startPackageIndex(
    {},
    { hold: () => (asked.resolve(), new Promise<void>(() => undefined)) },
  );
  await using runner = await startRunner({ OKEN_INDEX_URL: index.url });
  const deploying = runner
    .deploy("left", { ...HANDLER, "requirements.txt": "oken-dep\n" })
    .catch(() => undefined);
  await asked.promise;
  await runner.kill("SIGKILL");
  await deploying;
  expect(await builds(runner)).not.toEqual([]);
  await runner.restart();
  await eventually(async () => expect(await builds(runner)).toEqual([]));
  await eventually(async () =>
    expect([...(await runner.containers()), ...(await runner.images())]).toEqual([]),
  );
});

test("an orderly end leaves no build running", async () => {
  const asked = Promise.withResolvers<void>();
  using index = await startPackageIndex(
    {},
    { hold: () => (asked.resolve(), new Promise<void>(() => undefined)) },
  );
  await using runner = await startRunner({ OKEN_INDEX_URL: index.url });
  const form = new FormData();
  form.set("agent_id", "ended");
  form.set(
    "tarball",
    new Blob([await tarball({ ...HANDLER, "requirements.txt": "oken-dep\n" })]),
    "a.tar.gz",
  );
  const headers = { prefer: "respond-async" };
  expect((await runner.request("POST", "/deploy", { body: form, headers })).status).toBe(202);
  await asked.promise;
  expect(await runner.kill("SIGTERM")).toBe(0);
  expect(await builds(runner)).toEqual([]);
});

test("a second runner on the same data directory does not start", async () => {
  await using runner = await startRunner();
  await expect(startRunner({ OKEN_DATA_DIR: runner.dataDir })).rejects.toThrow("another runner is using it");
});

test("an agent whose record is damaged keeps nobody down, and loses nothing", async () => {
  await using runner = await startRunner();
  await runner.deploy("damaged", HANDLER);
  await runner.deploy("sound", HANDLER);
  await runner.kill("SIGTERM");
  const record = join(runner.dataDir, "agents/damaged/agent.json");
  const text = await readFile(record, "utf8");
  await writeFile(record, text.slice(0, 20));
  await runner.restart();
  expect((await runner.invoke("sound", { name: "Ada" })).status).toBe(200);
  expect((await runner.invoke("damaged")).status).toBe(404);
  await runner.kill("SIGTERM");
  await writeFile(record, text);
  await runner.restart();
  expect((await runner.invoke("damaged", { name: "Ada" })).body.output).toEqual({ hello: "Ada" });
});
