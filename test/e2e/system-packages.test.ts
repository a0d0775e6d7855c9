import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { hostAddress } from "../helpers/package-index.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { readEvents } from "../helpers/sse.ts";
import { tarball } from "../helpers/tarball.ts";

const manifest = (...packages: string[]) =>
  `[agent]\nname = "Tree"\nsystem_packages = ${JSON.stringify(packages)}\n`;

/** Calls a program of the package. */
const FILES = {
  "oken.toml": manifest("tree"),
  "main.py": `import subprocess

def handler(input):
    shown = subprocess.run(["tree", "--version"], capture_output=True, text=True, check=True)
    return shown.stdout.split()[1]
`,
};

/** With a project that looks as if it had a compiled module, so that it is built, and tells what its build saw. */
const BUILT = {
  ...FILES,
  "main.py": "import probe_result\n\ndef handler(input):\n    return probe_result.FOUND\n",
  "requirements.txt": "./probe\n",
  "probe/setup.py": `import pathlib, shutil
from setuptools import setup
pathlib.Path("probe_result.py").write_text(f"FOUND = {shutil.which('tree')!r}")
ext_modules = []
setup(name="probe", version="1", py_modules=["probe_result"])
`,
};

async function watchedDeploy({ url }: TestRunner, files: Record<string, string>) {
  const form = new FormData();
  form.set("agent_id", "tree");
  form.set("tarball", new Blob([await tarball(files)]), "agent.tar.gz");
  const headers = { accept: "text/event-stream" };
  return Array.fromAsync(readEvents(await fetch(`${url}/deploy`, { method: "POST", body: form, headers })));
}

type Detail = { versions: { version: number; system_packages: Record<string, string> }[] };

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

describe("Debian packages of an agent", () => {
  test("are in its container and in the builds of its packages, and other code does not fetch them again", async () => {
    const deployed = await runner.deploy("tree", FILES);
    expect(deployed.body.error).toBeUndefined();
    expect((await runner.invoke("tree")).body.output).toMatch(/^v2\.\d/);

    const events = await watchedDeploy(runner, BUILT);
    expect(events.at(-1)?.event).toBe("result");
    const steps = events.filter(({ data }) => data.includes('"install the Debian packages"'));
    expect(JSON.parse(steps.at(-1)?.data ?? "{}").step).toMatchObject({ status: "cached" });
    expect((await runner.invoke("tree")).body.output).toBe("/usr/bin/tree");

    const { body } = await runner.request<Detail>("GET", "/agents/tree");
    const installed = { tree: expect.stringMatching(/^2\.\d/) };
    expect(body.versions.map((version) => version.system_packages)).toEqual([installed, installed]);
  });

  test.each([
    [
      "ttree",
      /^system_packages: there is no package ttree in debian \w+; did you mean tree\? Correct system_packages in oken\.toml\.$/,
    ],
    [
      "tree=1.0-1",
      /^system_packages: debian \w+ has no version 1\.0-1 of tree; it has 2\.\S+\. Correct system_packages/,
    ],
    ["awk", /^system_packages: awk is no package of its own in debian \w+; name one that .*\bmawk\b/],
  ])("that cannot be had (%s) stop the deploy with the reason", async (name, sentence) => {
    const { status, body } = await runner.deploy("none", {
      ...FILES,
      "oken.toml": manifest(name),
    });
    expect([status, body.code]).toEqual([400, "BUILD_FAILED"]);
    expect(body.error).toMatch(sentence);
  });
});

test("a mirror that is out of reach, or not Debian's, is named with the cause", async () => {
  let isForged = false;
  const host = await hostAddress();
  using mirror = Bun.serve({
    hostname: host,
    port: 0,
    fetch: ({ url }) =>
      isForged && url.endsWith("/Release")
        ? new Response("Origin: Debian\nSuite: stable\n")
        : new Response("", { status: isForged ? 404 : 503 }),
  });
  const url = `http://${host}:${mirror.port}/debian`;
  await runner.kill("SIGTERM");
  await runner.restart({ OKEN_APT_MIRROR: url });
  const deploy = () => runner.deploy("mirrored", FILES);

  const away = await deploy();
  expect(away.body.error).toMatch(
    new RegExp(`^system_packages: the mirror of ${url}/dists/\\S+ cannot be reached: 503\\b`),
  );
  isForged = true;
  const forged = await deploy();
  expect(forged.body.error).toMatch(
    /^system_packages: apt refuses: The repository .* is not signed\. The operator checks OKEN_APT_MIRROR/,
  );
  await mirror.stop(true);
  const closed = await deploy();
  expect(closed.body.error).toMatch(
    new RegExp(`^system_packages: the mirror of ${url}/dists/\\S+ cannot be reached: .*does not answer`),
  );
  expect([away.status, forged.status, closed.status]).toEqual([400, 400, 400]);
});

test("a strict host refuses them before it builds", async () => {
  await runner.kill("SIGTERM");
  await runner.restart({ OKEN_SYSTEM_PACKAGES: "deny" });
  const { status, body } = await runner.deploy("strict", FILES);
  expect([status, body.code]).toEqual([400, "CONFIG_ERROR"]);
  expect(body.error).toBe(
    'oken.toml line 3: system_packages = ["tree"] is not allowed; this host installs no Debian packages (OKEN_SYSTEM_PACKAGES=deny)',
  );
});
