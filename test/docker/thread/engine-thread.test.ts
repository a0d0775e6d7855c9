import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startEngineThread } from "../../../src/docker/thread/engine-thread.ts";
import { eventually } from "../../helpers/eventually.ts";

const directory = await mkdtemp(join(tmpdir(), "oken-engine-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The engine's thread, with a script instead of docker. */
async function standIn(script: string) {
  const binary = join(directory, Bun.randomUUIDv7());
  await writeFile(binary, `#!/bin/bash\n${script}\n`);
  await chmod(binary, 0o755);
  const engine = startEngineThread({
    exec: { binary, environment: { PATH: process.env["PATH"] } },
    containers: {
      network: "n",
      runtime: undefined,
      cgroupParent: undefined,
      seccomp: undefined,
      runnerId: "r",
    },
    containment: { allowUncontained: false, firewallImage: undefined, resolvers: undefined },
    niceness: 0,
  });
  return { ...engine, [Symbol.asyncDispose]: () => engine.close() };
}

const BUILD = {
  inputs: { dockerfile: "/d", context: "/c", contexts: [], buildArgs: {}, secretFiles: {} },
  timeoutMs: 10_000,
  tag: "t",
  labels: {},
};

test("a call returns what the engine returns", async () => {
  await using engine = await standIn(`echo '"26.1.5"'`);
  expect(await engine.ping()).toEqual({ version: "26.1.5" });
});

test("an error arrives with its code, its details and docker's words", async () => {
  await using engine = await standIn(`echo "Error response from daemon: no luck" >&2; exit 3`);
  await expect(engine.ping()).rejects.toMatchObject({
    name: "RunnerError",
    code: "CONTAINER_ERROR",
    status: 500,
    message: "docker version failed: no luck",
    details: { exit_code: 3 },
  });
});

test("calls run at the same time", async () => {
  const marker = join(directory, Bun.randomUUIDv7());
  // The first waits for the second.
  await using engine = await standIn(
    `if [[ $1 == version ]]; then until [[ -e ${marker} ]]; do sleep 0.01; done; echo '"1"'; else touch ${marker}; fi`,
  );
  const [info, exists] = await Promise.all([engine.ping(), engine.imageExists("x")]);
  expect([info.version, exists]).toEqual(["1", true]);
});

test("a build's events come while it runs, and an abort ends it with the signal's reason", async () => {
  const pid = join(directory, Bun.randomUUIDv7());
  await using engine = await standIn(
    `if [[ $1 == info ]]; then echo '[]'; exit; fi
echo $$ >${pid}
printf '{"vertexes":[{"digest":"d","name":"[final 1/1] COPY","started":"2026-01-01T00:00:00Z"}]}\\n' >&2
exec sleep 60`,
  );
  const aborting = new AbortController();
  const reason = new Error("enough");
  const events: unknown[] = [];
  const building = engine.buildImage({
    ...BUILD,
    signal: aborting.signal,
    onEvent(event) {
      events.push(event);
      aborting.abort(reason);
    },
  });
  await expect(building).rejects.toBe(reason);
  expect(events).toEqual([{ type: "step", name: "[final 1/1] COPY", status: "started" }]);
  const child = (await Bun.file(pid).text()).trim();
  await eventually(() => expect(existsSync(`/proc/${child}`)).toBe(false));
});

test("a signal that aborted before starts nothing", async () => {
  const marker = join(directory, Bun.randomUUIDv7());
  await using engine = await standIn(`touch ${marker}`);
  const reason = new Error("enough");
  await expect(engine.buildImage({ ...BUILD, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(existsSync(marker)).toBe(false);
});

test("a followed log gives every line in order, also when they are more than fit in the window", async () => {
  await using engine = await standIn(`seq 1 3000`);
  const lines: string[] = [];
  const { signal } = new AbortController();
  for await (const { text } of engine.followLogs("x", { tail: 10, signal })) lines.push(text);
  expect(lines).toEqual(Array.from({ length: 3000 }, (_, index) => String(index + 1)));
});

test("a log is not read ahead without end", async () => {
  const printed = join(directory, Bun.randomUUIDv7());
  await using engine = await standIn(`[[ $1 == logs ]] || exit 0
seq 1 1000000
touch ${printed}`);
  const { signal } = new AbortController();
  const lines = engine.followLogs("x", { tail: 0, signal })[Symbol.asyncIterator]();
  expect(await lines.next()).toEqual({ done: false, value: { stream: "stdout", text: "1" } });
  // The engine has answered a question meanwhile, and the log's command still waits for its reader.
  await engine.imageExists("x");
  expect(existsSync(printed)).toBe(false);
  await lines.return?.();
});

test("a reader who leaves a followed log ends the command", async () => {
  await using engine = await standIn(`echo $$; exec sleep 60`);
  const { signal } = new AbortController();
  let child = "";
  for await (const { text } of engine.followLogs("x", { tail: 0, signal })) {
    child = text;
    break;
  }
  expect(child).toMatch(/^\d+$/);
  await eventually(() => expect(existsSync(`/proc/${child}`)).toBe(false));
});

test("a followed log that is aborted ends with the signal's reason", async () => {
  await using engine = await standIn(`echo ready; exec sleep 60`);
  const aborting = new AbortController();
  const reason = new Error("enough");
  const read = async () => {
    for await (const { text } of engine.followLogs("x", { tail: 0, signal: aborting.signal })) {
      expect(text).toBe("ready");
      aborting.abort(reason);
    }
  };
  await expect(read()).rejects.toBe(reason);
});

test("a followed log that is aborted while its past is read ends the command", async () => {
  const pid = join(directory, Bun.randomUUIDv7());
  await using engine = await standIn(`echo $$ > ${pid}; exec sleep 60`);
  const aborting = new AbortController();
  const reason = new Error("enough");
  const failure = Array.fromAsync(engine.followLogs("x", { tail: 10, signal: aborting.signal })).catch(
    (error: unknown) => error,
  );
  await eventually(() => expect(existsSync(pid)).toBe(true));
  aborting.abort(reason);
  expect(await failure).toBe(reason);
  const child = (await Bun.file(pid).text()).trim();
  await eventually(() => expect(existsSync(`/proc/${child}`)).toBe(false));
});

/** Longer than any test may take. */
const NEVER_MS = 600_000;

/** A build that prints one line without end, for as long as it runs. */
const NOISE = `if [[ $1 == info ]]; then echo '[]'; exit; fi
if [[ $1 == image ]]; then echo sha256:1; exit; fi
data=$(head -c 48000 /dev/zero | tr '\\0' a | base64 -w0)
printf '{"vertexes":[{"digest":"d","name":"[deps 1/1] RUN","started":"2026-01-01T00:00:00Z"}]}\\n' >&2
while printf '{"logs":[{"vertex":"d","stream":1,"data":"%s"}]}\\n' "$data" >&2; do :; done`;

test("a build's noise does not wait in front of other commands", async () => {
  await using engine = await standIn(NOISE);
  const stopping = new AbortController();
  const reason = new Error("enough");
  let lines = 0;
  const building = engine
    .buildImage({
      ...{ ...BUILD, timeoutMs: NEVER_MS, signal: stopping.signal },
      onEvent: ({ type }) => (lines += Number(type === "log")),
    })
    .catch((error: unknown) => error);
  await eventually(() => expect(lines).toBeGreaterThan(10));
  // One that waited for the noise to end would never be answered.
  for (let asked = 0; asked < 5; asked += 1) await engine.imageExists("x");
  stopping.abort(reason);
  expect(await building).toBe(reason);
});

test("a build's noise does not outlast its deadline", async () => {
  await using engine = await standIn(NOISE);
  await expect(engine.buildImage({ ...BUILD, timeoutMs: 2_000 })).rejects.toMatchObject({
    code: "BUILD_TIMEOUT",
  });
});

test("what a build prints while nobody can read it is left out", async () => {
  await using engine = await standIn(NOISE);
  const lines: string[] = [];
  const building = engine.buildImage({
    ...BUILD,
    timeoutMs: 2_000,
    onEvent(event) {
      if (event.type !== "log") return;
      lines.push(event.line);
      // The thread of the reader is busy.
      if (lines.length === 1) Bun.sleepSync(800);
    },
  });
  await expect(building).rejects.toMatchObject({ code: "BUILD_TIMEOUT" });
  expect(lines.findIndex((line) => /^\[\d+ lines left out/.test(line))).toBeWithin(5, 40);
});
