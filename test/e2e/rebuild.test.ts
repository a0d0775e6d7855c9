import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type PackageIndex, hostAddress, startPackageIndex } from "../helpers/package-index.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { wheel, wheelName } from "../helpers/wheel.ts";

const release = (version: string, name = "oken_dep") => ({
  [wheelName(name, version)]: wheel(name, version, { [`${name}.py`]: `NAME = "${version}"\n` }),
});

/** Sleeps a second after its last invoke, and says which release of a package it has. */
const sleeper = (name = "oken_dep") => ({
  "oken.toml": 'name = "Sleeper"\nwarm_timeout = 1\n',
  "requirements.txt": `${name.replace("_", "-")}\n`,
  "main.py": `import ${name}\n\ndef handler(input):\n    return ${name}.NAME\n`,
});
const SLEEPER = sleeper();

/** All that the tests below need, deployed side by side while there is an index that has everything. */
const AGENTS = {
  ...{ woken: SLEEPER, unchanged: SLEEPER, same: SLEEPER, failing: sleeper("oken_gone") },
  started: { ...SLEEPER, "oken.toml": 'name = "Started"\n' },
  ...{ stopping: SLEEPER, removing: SLEEPER, late: SLEEPER, tardy: SLEEPER },
};

let runner: TestRunner;
let index: PackageIndex;
beforeAll(async () => {
  index = await startPackageIndex({ ...release("1"), ...release("1", "oken_gone") });
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "0.1", OKEN_INDEX_URL: index.url });
  const deploys = Object.entries(AGENTS).map(([id, files]) => runner.deploy(id, files));
  for (const { status } of await Promise.all(deploys)) expect(status).toBe(200);
});
afterAll(async () => {
  await runner[Symbol.asyncDispose]();
  index[Symbol.dispose]();
});

const statusOf = async (id: string) => (await runner.request("GET", `/agents/${id}`)).body["status"];

/** Packages from an index of another address are in no cache. */
async function restartWith(env: Record<string, string>): Promise<void> {
  await runner.kill("SIGTERM");
  await runner.restart(env);
}

/** What `docker system prune --all` does to an agent that sleeps. */
async function prune(id: string): Promise<void> {
  await eventually(async () => expect(["idle", "stopped"]).toContain(String(await statusOf(id))));
  const isIts = (name: string) => name.includes(id);
  await docker(["rm", "--force", ...(await runner.containers(id))]);
  await docker(["image", "rm", "--force", ...(await runner.images()).filter(isIts)]);
}

/** The base image with a change that makes every image from it another one. */
async function otherBase() {
  const template = `oken-test/base-${crypto.randomUUID()}:{version}`;
  const image = template.replace("{version}", "3.12");
  const original = (process.env["OKEN_PYTHON_IMAGE"] ?? "python:{version}-slim-trixie").replace(
    "{version}",
    "3.12",
  );
  const child = Bun.spawn(
    ["docker", "buildx", "build", "--provenance=false", "--load", "--tag", image, "-"],
    {
      stdin: new Blob([`FROM ${original}\nENV OKEN_TEST=other\n`]),
      stdout: "ignore",
      stderr: "ignore",
    },
  );
  if ((await child.exited) !== 0) throw new Error(`${image} was not built`);
  return {
    template,
    [Symbol.asyncDispose]: () => docker(["image", "rm", "--force", image]).then(() => undefined),
  };
}

async function recordOf(
  id: string,
): Promise<{ image: string; image_id: string; bases: Record<string, string> }> {
  return JSON.parse(await readFile(join(runner.dataDir, `agents/${id}/versions/1/version.json`), "utf8"));
}

const rebuilds = (id: string) =>
  runner.log().filter((line) => line["agent_id"] === id && String(line["msg"]).includes("image is gone"));

describe("an agent whose image was removed", () => {
  test("is built again by the invokes that wake it, which share one build", async () => {
    await prune("woken");
    const answers = await Promise.all([1, 2, 3, 4].map(() => runner.invoke("woken")));
    expect(answers.map(({ body }) => body.output)).toEqual(["1", "1", "1", "1"]);
    expect(rebuilds("woken").length).toBe(1);
  });

  test("is built again by a start, and by a deploy that changes nothing", async () => {
    await runner.request("POST", "/stop/started");
    await prune("started");
    expect(await runner.request("POST", "/start/started")).toMatchObject({
      status: 200,
      body: { status: "running", version: 1 },
    });
    expect((await runner.invoke("started")).body.output).toBe("1");
    await prune("unchanged");
    expect((await runner.deploy("unchanged", SLEEPER)).body).toMatchObject({ version: 1, unchanged: true });
    expect((await runner.invoke("unchanged")).body.output).toBe("1");
  });
});

describe("an agent whose image was removed, after a start with another base and another index,", () => {
  const offered: Record<string, Uint8Array<ArrayBuffer>> = { ...release("1"), ...release("2") };
  let later: PackageIndex;
  let base: Awaited<ReturnType<typeof otherBase>>;
  beforeAll(async () => {
    later = await startPackageIndex(offered);
    base = await otherBase();
    await restartWith({ OKEN_INDEX_URL: later.url, OKEN_PYTHON_IMAGE: base.template });
  });
  afterAll(async () => {
    await base[Symbol.asyncDispose]();
    later[Symbol.dispose]();
  });

  test("has the packages that it had though there are newer ones, and its record names the new image", async () => {
    const before = await recordOf("same");
    await prune("same");
    expect((await runner.invoke("same")).body.output).toBe("1");
    const { image, image_id, bases } = await recordOf("same");
    expect(image_id).not.toBe(before.image_id);
    expect(await docker(["image", "inspect", "--format", "{{.Id}}", image])).toEqual([image_id]);
    expect(bases[`docker.io/${base.template.replace("{version}", "3.12")}`]).toMatch(/^sha256:\w{64}$/);
    const { body } = await runner.request("GET", "/agents/same");
    expect(body).toMatchObject({ versions: [{ image_id, bases }] });
  });

  test("says why when it cannot be built again, and tries anew with the next invoke", async () => {
    await prune("failing");
    const refused = await Promise.all([runner.invoke("failing"), runner.invoke("failing")]);
    for (const answer of refused) {
      expect(answer).toMatchObject({
        status: 400,
        body: { code: "BUILD_FAILED", details: { class: "no_such_package" } },
      });
      expect(answer.body.error).toMatch(/image of agent failing, version 1, was gone.*oken-gone/);
    }
    expect((await runner.request("GET", "/agents/failing")).body).toMatchObject({
      status: "idle",
      last_error: { code: "BUILD_FAILED" },
    });
    Object.assign(offered, release("1", "oken_gone"));
    expect((await runner.invoke("failing")).body).toMatchObject({ output: "1" });
    expect((await runner.request("GET", "/agents/failing")).body["last_error"]).toBeNull();
  });
});

describe("a build that would go on for long", () => {
  let silent: ReturnType<typeof Bun.serve>;
  beforeAll(async () => {
    const options = { hostname: await hostAddress(), port: 0 };
    silent = Bun.serve({ ...options, idleTimeout: 0, fetch: () => new Promise<Response>(() => undefined) });
  });
  afterAll(() => silent.stop(true));
  const silentUrl = () => `http://${silent.hostname}:${silent.port}/simple/`;

  test("is ended by a stop and by a removal, of which those who wait are told", async () => {
    const ids = ["stopping", "removing"];
    await restartWith({ OKEN_INDEX_URL: silentUrl(), OKEN_MAX_BUILDS: "2" });
    await Promise.all(ids.map(prune));
    const waiting = ids.map((id) => runner.invoke(id));
    await eventually(() => expect(ids.map((id) => rebuilds(id).length)).toEqual([1, 1]));
    expect((await runner.request("POST", "/stop/stopping")).status).toBe(200);
    expect((await runner.request("DELETE", "/agents/removing")).status).toBe(204);
    expect(await Promise.all(waiting)).toMatchObject([
      { status: 400, body: { code: "AGENT_NOT_RUNNING" } },
      { status: 404, body: { code: "AGENT_NOT_FOUND" } },
    ]);
    expect((await runner.images()).filter((name) => ids.some((id) => name.includes(id)))).toEqual([]);
  });

  test("ends at the deadline of builds, its wait for a turn counted", async () => {
    const ids = ["late", "tardy"];
    await restartWith({ OKEN_INDEX_URL: silentUrl(), OKEN_MAX_BUILDS: "1", OKEN_BUILD_TIMEOUT: "2" });
    await Promise.all(ids.map(prune));
    const answers = await Promise.all(ids.map((id) => runner.invoke(id)));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 504, body: { code: "BUILD_TIMEOUT" } });
      expect(answer.body.error).toMatch(/^The image of agent \w+, version 1, was gone.*within 2 s/);
    }
  });
});
