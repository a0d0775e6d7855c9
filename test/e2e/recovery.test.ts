import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type PackageIndex, startPackageIndex } from "../helpers/package-index.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { tarball } from "../helpers/tarball.ts";

describe("when the runner ends and is started again", () => {
  let runner: TestRunner;
  beforeAll(async () => {
    runner = await startRunner();
    const small = { ...HANDLER, "oken.toml": '[agent]\nname = "Small"\ncpus = 0.5\n' };
    const agents = { kept: HANDLER, still: HANDLER, small };
    await Promise.all(Object.entries(agents).map(([id, files]) => runner.deploy(id, files)));
    await runner.request("POST", "/stop/still");
  });
  afterAll(() => runner[Symbol.asyncDispose]());

  const detailOf = async (id: string) => (await runner.request("GET", `/agents/${id}`)).body;
  const invoke = async (id: string) => (await runner.invoke(id, { name: "Ada" })).body.output;
  const running = () =>
    docker(["ps", "--no-trunc", "--quiet", "--filter", `network=${runner.network}`]).then((ids) =>
      ids.toSorted(),
    );

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "agents go on, are adopted, and stay stopped if they were, after %s",
    async (signal) => {
      await runner.invoke("kept", { name: "Ada" });
      const invokedAt = (await detailOf("kept"))["last_invoked"];
      const deployments = (await runner.request("GET", "/agents/kept/deployments")).body;
      const before = await eventually(async () => {
        const found = await running();
        // A look at the firewall has a container for a moment.
        expect(found).toHaveLength(2);
        return found;
      });
      expect(await runner.kill(signal)).toBe(signal === "SIGTERM" ? 0 : 137);
      expect(await running()).toEqual(before);
      await runner.restart();
      expect(await detailOf("still")).toMatchObject({ status: "stopped" });
      await eventually(async () =>
        expect(await detailOf("kept")).toMatchObject({
          status: "running",
          version: 1,
          // A crash may lose the last one; an end in good order does not.
          ...(signal === "SIGTERM" ? { last_invoked: invokedAt } : {}),
        }),
      );
      expect((await runner.request("GET", "/agents/kept/deployments")).body).toEqual(deployments);
      expect(await invoke("kept")).toEqual({ hello: "Ada" });
      await eventually(async () => expect(await running()).toEqual(before));
      expect((await runner.deploy("kept", HANDLER)).body).toMatchObject({ unchanged: true });
    },
  );

  test("a container that was not limited yet when it was killed is limited", async () => {
    const name = (await runner.containers("small"))[0] ?? "";
    const cpus = async () => (await docker(["inspect", "-f", "{{.HostConfig.NanoCpus}}", name]))[0];
    await eventually(async () => expect(await cpus()).toBe("500000000"));
    await runner.kill("SIGKILL");
    await docker(["update", "--cpus", "1", name]);
    await runner.restart();
    await eventually(async () => expect(await cpus()).toBe("500000000"));
  });

  test("an agent whose record is damaged keeps nobody down, and loses nothing", async () => {
    await runner.kill("SIGTERM");
    const record = join(runner.dataDir, "agents/small/agent.json");
    const text = await readFile(record, "utf8");
    await writeFile(record, text.slice(0, 20));
    await runner.restart();
    expect(await invoke("kept")).toEqual({ hello: "Ada" });
    expect((await runner.invoke("small")).status).toBe(404);
    await runner.kill("SIGTERM");
    await writeFile(record, text);
    await runner.restart();
    expect(await invoke("small")).toEqual({ hello: "Ada" });
  });
});

describe("of a deploy that is under way when the runner", () => {
  let asked = Promise.withResolvers<void>();
  let index: PackageIndex;
  let runner: TestRunner;
  beforeAll(async () => {
    index = await startPackageIndex(
      {},
      { hold: () => (asked.resolve(), new Promise<void>(() => undefined)) },
    );
    runner = await startRunner({ OKEN_INDEX_URL: index.url });
  });
  afterAll(async () => {
    await runner[Symbol.asyncDispose]();
    index[Symbol.dispose]();
  });

  const nothingIsLeft = () =>
    eventually(async () => {
      expect([...(await runner.containers()), ...(await runner.images())]).toEqual([]);
      expect((await runner.request("GET", "/agents")).body).toEqual({ agents: [] });
    });

  /** Has a build that does not end, and waits until it has begun. */
  async function build(id: string): Promise<void> {
    asked = Promise.withResolvers();
    const form = new FormData();
    form.set("agent_id", id);
    const files = { ...HANDLER, "requirements.txt": "oken-dep\n" };
    form.set("tarball", new Blob([await tarball(files)]), "a.tar.gz");
    const headers = { prefer: "respond-async" };
    expect((await runner.request("POST", "/deploy", { body: form, headers })).status).toBe(202);
    await asked.promise;
    await eventually(async () => expect(await builds(runner)).not.toEqual([]));
  }

  test("ends in good order, no build goes on", async () => {
    await build("ended");
    expect(await runner.kill("SIGTERM")).toBe(0);
    expect(await builds(runner)).toEqual([]);
    await runner.restart();
    await nothingIsLeft();
  });

  test("is killed, the next start ends the build", async () => {
    await build("left");
    await runner.kill("SIGKILL");
    expect(await builds(runner)).not.toEqual([]);
    await runner.restart();
    await eventually(async () => expect(await builds(runner)).toEqual([]));
    await nothingIsLeft();
  });

  test("is killed, nothing is left of a start either", async () => {
    const main = "import time\n\ntime.sleep(60)\n\ndef handler(input):\n    return 1\n";
    const deploying = runner.deploy("cut", { ...HANDLER, "main.py": main }).catch(() => undefined);
    await eventually(async () => expect(await runner.containers("cut")).toHaveLength(1));
    await runner.kill("SIGKILL");
    await deploying;
    await runner.restart();
    await nothingIsLeft();
  });
});

/** Command lines of processes that build something for this runner. */
async function builds({ dataDir }: TestRunner): Promise<string[]> {
  const child = Bun.spawn(["ps", "-eo", "args"], { stdout: "pipe" });
  const lines = (await child.stdout.text()).split("\n");
  return lines.filter((line) => line.includes("buildx build") && line.includes(dataDir));
}
