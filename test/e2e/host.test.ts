import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { runBinary } from "../helpers/binary.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let directory: string;
let runner: TestRunner;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "oken-host-"));
  runner = await startRunner();
});
afterAll(async () => {
  await runner[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

type Report = { ok: boolean; checks: { name: string; state: string; found: string; advice?: string }[] };

async function doctor(env: Record<string, string>): Promise<Report & { code: number }> {
  const { out, code } = await runBinary(["doctor", "--json"], {
    OKEN_DATA_DIR: join(directory, "none"),
    OKEN_PORT: "1",
    ...env,
  });
  const report: Report = JSON.parse(out);
  return { code, ...report };
}

describe("doctor", () => {
  test("finds this host fit, and leaves nothing", async () => {
    const { ok, code, checks } = await doctor({});
    expect(checks.filter(({ state }) => state === "failed")).toEqual([]);
    expect({ ok, code }).toEqual({ ok: true, code: 0 });
    expect(checks.map(({ name }) => name)).toEqual([
      ...["settings", "data-dir", "disk", "secrets-key", "access"],
      ...["engine", "engine-version", "buildx", "runtime", "python-image", "uv-image"],
      ...["network", "runner"],
    ]);
    expect(await Bun.file(join(directory, "none", "runner.json")).exists()).toBe(false);
  });

  test("says what a start would say, and what to do", async () => {
    const { ok, code, checks } = await doctor({
      OKEN_HOST: "0.0.0.0",
      OKEN_CONTAINER_RUNTIME: "runsc-none",
      DOCKER_HOST: "unix:///nonexistent/docker.sock",
    });
    expect({ ok, code }).toEqual({ ok: false, code: 1 });
    const failed = checks.filter(({ state }) => state === "failed").map(({ name }) => name);
    expect(failed).toContain("engine");
    expect(failed).toContain("access");
    // Nobody knows before the engine answers.
    expect(checks).toContainEqual(expect.objectContaining({ name: "runtime", state: "unknown" }));
  });

  test("of settings that cannot be read it says so, and looks at the engine", async () => {
    const { checks } = await doctor({ OKEN_DATADIR: "x" });
    expect(checks.map(({ name, state }) => [name, state])).toEqual([
      ["settings", "failed"],
      ["engine", "ok"],
      ["engine-version", "ok"],
      ["buildx", "ok"],
    ]);
  });

  test("knows the runner that serves there", async () => {
    const { port } = new URL(runner.url);
    const { checks } = await doctor({ OKEN_PORT: port, OKEN_DATA_DIR: runner.dataDir });
    expect(checks.at(-1)).toMatchObject({
      name: "runner",
      state: "ok",
      found: expect.stringContaining(port),
    });
  });
});

test("SIGHUP reads level and token again from the file, and never ends the runner", async () => {
  const config = join(directory, "config.toml");
  const write = (level: string, token: string) =>
    writeFile(config, `OKEN_LOG_LEVEL = "${level}"\nOKEN_API_TOKEN = "${token}"\n`);
  await write("info", "the-first-token-of-all");
  await using configured = await startRunner({}, ["--config", config]);
  const status = async (token: string) =>
    (await configured.request("GET", "/agents", { headers: { authorization: `Bearer ${token}` } })).status;
  expect([await status("the-first-token-of-all"), await status("the-second-token-of-all")]).toEqual([
    200, 401,
  ]);

  await write("debug", "the-second-token-of-all");
  process.kill(configured.pid, "SIGHUP");
  await eventually(async () => expect(await status("the-second-token-of-all")).toBe(200));
  expect(await status("the-first-token-of-all")).toBe(401);
  await configured.request("GET", "/health");
  const probes = () => configured.log().filter(({ path }) => path === "/health");
  await eventually(() => expect(probes()).toMatchObject([{ level: "debug" }]));

  await writeFile(config, "OKEN_LOG_LEVEL = \n");
  process.kill(configured.pid, "SIGHUP");
  await eventually(() =>
    expect(configured.log()).toContainEqual(
      expect.objectContaining({
        level: "error",
        msg: expect.stringContaining("the settings stay as before"),
      }),
    ),
  );
  expect(await status("the-second-token-of-all")).toBe(200);
});

test("a backup of a runner at work is restored elsewhere, its images are built again, and uninstall removes it all", async () => {
  const file = join(directory, "backup.tar.gz");
  const fresh = join(directory, "fresh");
  const main = 'import os\n\ndef handler(input):\n    return {"secret": os.environ["KEY"]}\n';
  const deployed = await runner.deploy("kept", { ...HANDLER, "main.py": main }, { KEY: "s3cret" });
  expect(deployed.status).toBe(200);
  const written = await runBinary(["backup", "--data-dir", runner.dataDir, file]);
  expect(written).toMatchObject({ code: 0, error: expect.stringContaining("Wrote 1 agent, ") });
  expect(await runBinary(["uninstall", "--data-dir", runner.dataDir, "--yes"])).toMatchObject({
    code: 2,
    error: `oken-runner: A runner is using ${runner.dataDir}; stop it first.\n`,
  });
  await runner.kill("SIGTERM");

  const settings = ["--data-dir", runner.dataDir, "--docker-network", runner.network, "--root", directory];
  const listed = await runBinary(["uninstall", ...settings]);
  const [container = "none"] = await runner.containers();
  expect(listed.out).toContain(`container  ${container}\n`);
  expect(listed.out).toContain(`network    ${runner.network}\n`);
  expect(await runner.containers()).toHaveLength(1);
  expect(await runBinary(["uninstall", ...settings, "--yes"])).toMatchObject({ code: 0 });
  expect([await runner.containers(), await runner.images()]).toEqual([[], []]);
  expect(await readdir(directory)).not.toContain("data");
  expect((await runBinary(["uninstall", ...settings])).error).toBe("There is nothing to remove.\n");

  expect(await runBinary(["restore", "--data-dir", fresh, file])).toMatchObject({ code: 0 });
  await using again = await startRunner({ OKEN_DATA_DIR: fresh });
  expect(await again.invoke("kept", {})).toMatchObject({ body: { output: { secret: "s3cret" } } });
});
