import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runBinary } from "../helpers/binary.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRunner } from "../helpers/runner.ts";

/** A registry that has nothing. */
const registry = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () => Response.json({ errors: [{ code: "MANIFEST_UNKNOWN" }] }, { status: 404 }),
});
const NOWHERE = `127.0.0.1:${registry.port}/python:{version}`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "oken-start-checks-"));
});
afterAll(async () => {
  await registry.stop(true);
  await rm(directory, { recursive: true, force: true });
});

/** A docker CLI whose `info` says something else; the PATH to find it. */
async function editedDocker(edit: string): Promise<string> {
  const bin = await mkdtemp(join(directory, "bin-"));
  const real = Bun.which("docker") ?? "";
  const script = `#!/bin/bash\nset -o pipefail\nif [[ $1 == info ]]; then ${real} "$@" | sed '${edit}'; else exec ${real} "$@"; fi\n`;
  await writeFile(join(bin, "docker"), script, { mode: 0o755 });
  return `${bin}:${process.env["PATH"]}`;
}

const start = async (env: Record<string, string>) =>
  runBinary(["serve"], {
    OKEN_PORT: "0",
    OKEN_DATA_DIR: await mkdtemp(join(directory, "data-")),
    OKEN_LOG_LEVEL: "error",
    ...env,
  });

describe("a start on a host that lacks something ends with one sentence", () => {
  test.each([
    [
      "an unknown variable",
      async () => ({ OKEN_DATADIR: "/x" }),
      "OKEN_DATADIR is set, but there is no such setting; OKEN_DATA_DIR is the nearest.",
    ],
    [
      "the host's own network",
      async () => ({ OKEN_DOCKER_NETWORK: "host" }),
      'OKEN_DOCKER_NETWORK is "host", but must be a Docker network name other than bridge, default, host, none.',
    ],
    [
      "a runtime that the engine lacks",
      async () => ({ OKEN_CONTAINER_RUNTIME: "runsc-none" }),
      /^OKEN_CONTAINER_RUNTIME is "runsc-none", but the engine has only [^;]*runc[^;]*; name one of those, or add it to the engine's daemon.json\.$/,
    ],
    [
      "a Python without an image",
      async () => ({ OKEN_PYTHON_IMAGE: NOWHERE, OKEN_DEFAULT_PYTHON: "3.99" }),
      `There is no image ${NOWHERE.replace("{version}", "3.99")}, neither in the engine nor in its registry; name another with OKEN_PYTHON_IMAGE or OKEN_DEFAULT_PYTHON, or load the image.`,
    ],
    [
      "no buildx",
      async () => ({ PATH: await editedDocker('s/"Name":"buildx"/"Name":"other"/') }),
      /^The docker CLI has no buildx plugin, .+\.$/,
    ],
    [
      "an old engine",
      async () => ({ PATH: await editedDocker("s/^[0-9]*\\.[0-9]*\\.[0-9].*/20.10.24/") }),
      "Docker Engine 20.10.24 is too old; upgrade it to 23 or later.",
    ],
  ])("%s", async (_, env, sentence) => {
    const { out, error, code } = await start(await env());
    expect({ out, code }).toEqual({ out: "", code: 2 });
    expect(error).toStartWith("oken-runner: ");
    const said = error.slice("oken-runner: ".length, -1);
    if (typeof sentence === "string") expect(said).toBe(sentence);
    else expect(said).toMatch(sentence);
  });
});

test("a registry that does not answer is a warning, and the runner serves", async () => {
  const image = "127.0.0.1:1/python:{version}";
  await using runner = await startRunner({ OKEN_PYTHON_IMAGE: image });
  await eventually(() =>
    expect(runner.log()).toContainEqual(
      expect.objectContaining({
        level: "warn",
        check: "python-image",
        msg: expect.stringContaining("127.0.0.1:1/python:"),
      }),
    ),
  );
  expect((await runner.request("GET", "/health")).body).toMatchObject({ status: "ok" });
});
