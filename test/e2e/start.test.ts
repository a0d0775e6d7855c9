import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BINARY, runBinary } from "../helpers/binary.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { switchableDocker } from "../helpers/switchable-docker.ts";

/** A directory of its own, and a start that must fail: what it says, and its exit status. */
async function scratch() {
  const directory = await mkdtemp(join(tmpdir(), "oken-start-"));
  return {
    directory,
    start: (env: Record<string, string>) =>
      runBinary(["serve"], { OKEN_PORT: "0", OKEN_DATA_DIR: join(directory, "data"), ...env }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function warnings(runner: TestRunner) {
  return runner.log().filter(({ level }) => level === "warn" || level === "error");
}

/** One sentence on standard error and nothing else, with the status of a wrong setting. */
function refusal(sentence: string) {
  return { out: "", error: `oken-runner: ${sentence}\n`, code: 2 };
}

let first: TestRunner;
beforeAll(async () => {
  first = await startRunner();
});
afterAll(() => first[Symbol.asyncDispose]());

describe("a start that cannot listen ends with one sentence", () => {
  test("on a port that another runner has", async () => {
    await using second = await scratch();
    const { port } = new URL(first.url);
    expect(await second.start({ OKEN_PORT: port })).toEqual(
      refusal(
        `OKEN_PORT is ${port}, but another program listens on 127.0.0.1:${port}; choose another port with OKEN_PORT or --port.`,
      ),
    );
    expect((await first.request("GET", "/agents")).status).toBe(200);
  });

  test("at an address that this machine does not have", async () => {
    await using runner = await scratch();
    // TEST-NET-3 of RFC 5737: no machine has it.
    expect(
      await runner.start({ OKEN_HOST: "203.0.113.7", OKEN_API_TOKEN: "a-token-of-some-length" }),
    ).toEqual(
      refusal(
        'OKEN_HOST is "203.0.113.7", but this machine has no such address; set OKEN_HOST or --host to one that it has.',
      ),
    );
  });

  test("at a name that has no address", async () => {
    await using runner = await scratch();
    expect(await runner.start({ OKEN_HOST: "no-such-host.invalid" })).toEqual(
      refusal(
        'OKEN_HOST is "no-such-host.invalid", but that name has no address; set OKEN_HOST or --host to an address of this machine.',
      ),
    );
  });
});

test("a start that would let strangers in ends with one sentence", async () => {
  await using runner = await scratch();
  expect(await runner.start({ OKEN_HOST: "0.0.0.0" })).toEqual(
    refusal(
      'OKEN_HOST is "0.0.0.0", which other machines reach, and no token keeps them from running code here; set OKEN_API_TOKEN or OKEN_API_TOKENS_FILE, or OKEN_ALLOW_NO_TOKEN=yes, best with OKEN_ALLOW_FROM.',
    ),
  );
});

describe("a start that cannot use its data directory ends with one sentence", () => {
  test("where it is a file, or lies below one", async () => {
    await using runner = await scratch();
    const file = join(runner.directory, "file");
    await writeFile(file, "");
    for (const path of [file, join(file, "below")])
      expect(await runner.start({ OKEN_DATA_DIR: path })).toEqual(
        refusal(`OKEN_DATA_DIR is "${path}", but that is not a directory.`),
      );
  });

  test("where another runner uses it", async () => {
    await using second = await scratch();
    expect(await second.start({ OKEN_DATA_DIR: first.dataDir })).toEqual(
      refusal(
        `OKEN_DATA_DIR is "${first.dataDir}", but another runner is using it; give each a directory of its own.`,
      ),
    );
  });

  test("where it may not be written", async () => {
    await using runner = await scratch();
    const closed = join(runner.directory, "closed");
    await mkdir(closed);
    await chmod(closed, 0o500);
    // Root may write anywhere but in the kernel's own file systems.
    const path = process.getuid?.() === 0 ? "/sys/oken-runner-test" : closed;
    const { out, error, code } = await runner.start({ OKEN_DATA_DIR: path });
    expect({ out, code }).toEqual({ out: "", code: 2 });
    expect(error).toMatch(/^oken-runner: OKEN_DATA_DIR is "[^"]+", but [^\n]+\.\n$/);
  });

  test.each(["", "{", "{}", "[1]"])("where runner.json is damaged: %p", async (text) => {
    await using runner = await scratch();
    const path = join(runner.directory, "data");
    await mkdir(path);
    await writeFile(join(path, "runner.json"), text);
    expect(await runner.start({})).toEqual(
      refusal(
        `OKEN_DATA_DIR is "${path}", but its runner.json is damaged; put back a copy of it, or remove it: the runner then starts without the containers it had.`,
      ),
    );
  });
});

test("a start that fails for any other reason is one line of the log", async () => {
  await using runner = await scratch();
  await Bun.write(join(runner.directory, "data", "agents"), "not a directory");
  const { out, error, code } = await runner.start({ OKEN_LOG_FORMAT: "json" });
  expect({ out, code }).toEqual({ out: "", code: 1 });
  expect(JSON.parse(error)).toMatchObject({
    level: "error",
    msg: "the runner could not start",
    err: { code: "ENOTDIR" },
  });
});

test("a runner takes its port again at once after an end with connections open", async () => {
  const { port } = new URL(first.url);
  expect((await first.request("GET", "/agents")).status).toBe(200);
  await first.kill("SIGTERM");
  await first.restart({ OKEN_PORT: port });
  expect((await first.request("GET", "/agents")).status).toBe(200);
});

test("an IPv6 address may be written with brackets", async () => {
  await first.kill("SIGTERM");
  await first.restart({ OKEN_HOST: "[::1]" });
  expect(first.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect((await first.request("GET", "/agents")).status).toBe(200);
});

test("without the docker CLI the runner starts, and health and every warning say so", async () => {
  await first.kill("SIGTERM");
  await first.restart({ PATH: "/nonexistent" });
  expect(await first.request("GET", "/health")).toMatchObject({
    status: 503,
    body: { checks: { engine: expect.stringContaining("The docker CLI was not found on PATH") } },
  });
  await eventually(() => expect(warnings(first).length).toBeGreaterThan(1));
  for (const line of warnings(first))
    expect(JSON.stringify(line)).toContain("The docker CLI was not found on PATH");
});

test("a runner that is told to end before it is ready ends in good order", async () => {
  await using place = await scratch();
  await using docker = await switchableDocker();
  await docker.become("failsLate");
  const unix = join(place.directory, "socket");
  const env = {
    PATH: docker.path,
    OKEN_LISTEN: `unix:${unix}`,
    OKEN_DATA_DIR: join(place.directory, "data"),
  };
  const child = Bun.spawn([BINARY, "serve"], {
    env: { ...process.env, ...env, OKEN_LOG_FORMAT: "json" },
    stdout: "ignore",
    stderr: "pipe",
  });
  // It listens, and waits for the engine.
  await eventually(() => fetch("http://localhost/agents", { unix }));
  child.kill("SIGTERM");
  const log = await new Response(child.stderr).text();
  expect(await child.exited).toBe(0);
  expect(log).toContain("oken-runner has stopped");
  expect(log).not.toContain("oken-runner is ready");
});
