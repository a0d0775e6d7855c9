import { heapStats } from "bun:jsc";
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type DockerExec, type ExecOptions, createDockerExec } from "../../src/docker/exec.ts";
import type { StreamedChunk } from "../../src/docker/commands/merged-output.ts";
import { eventually } from "../helpers/eventually.ts";

const directory = await mkdtemp(join(tmpdir(), "oken-exec-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs a script instead of docker. */
async function standIn(script: string) {
  const binary = join(directory, Bun.randomUUIDv7());
  await writeFile(binary, `#!/bin/bash\n${script}\n`);
  await chmod(binary, 0o755);
  return createDockerExec({
    binary,
    environment: { PATH: process.env["PATH"], BUN_OPTIONS: "--x", DOCKER_HOST: "tcp://h" },
  });
}

test("the output of a command is returned unchanged", async () => {
  const exec = await standIn(`printf '%s|' "$@"`);
  expect(await exec.run(["a b", "$HOME", "--x"])).toBe("a b|$HOME|--x|");
});

test("the command sees only docker's variables of the runner's environment, and uses one CPU", async () => {
  const exec = await standIn(`echo "$DOCKER_HOST/$BUN_OPTIONS/$GOMAXPROCS"`);
  expect(await exec.run([])).toBe("tcp://h//1\n");
});

test("a failure carries docker's own words", async () => {
  const exec = await standIn(`echo "Error response from daemon: no luck" >&2; exit 3`);
  await expect(exec.run(["start", "--", "x"])).rejects.toMatchObject({
    code: "CONTAINER_ERROR",
    message: "docker start x failed: no luck",
  });
});

test("a failure without words tells how it ended, and none of its arguments", async () => {
  const args = ["run", "--name", "x", "--env", "OKEN_SPEC=private"];
  const silent = await standIn("exit 3");
  await expect(silent.run(args)).rejects.toThrow(/^docker run failed: exit code 3$/);
  const killed = await standIn("kill -KILL $$");
  await expect(killed.run(args)).rejects.toThrow(/failed: it was ended by SIGKILL$/);
});

test("a command that does not end is killed at its deadline", async () => {
  const exec = await standIn("exec sleep 60");
  await expect(exec.run(["ps"], { timeoutMs: 100 })).rejects.toMatchObject({
    code: "ENGINE_UNAVAILABLE",
    message: "docker ps did not finish within 0.1 s.",
  });
});

test("what a command has started ends with it at its deadline, and holds up nobody", async () => {
  const exec = await standIn("sleep 60 & wait");
  await expect(exec.run(["ps"], { timeoutMs: 100 })).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
});

test("a command whose end is not told is given up soon after its deadline", async () => {
  const file = join(directory, "holder");
  // It leaves the group, and holds the output open.
  const exec = await standIn(`setsid sleep 60 & echo $! >${file}`);
  try {
    await expect(exec.run(["ps"], { timeoutMs: 100 })).rejects.toMatchObject({
      code: "ENGINE_UNAVAILABLE",
      details: { reason: "timeout" },
    });
  } finally {
    process.kill(Number(await Bun.file(file).text()), "SIGKILL");
  }
});

test.each(["", " >&2"])("a command that prints without end is cut off%s", async (where) => {
  const exec = await standIn(`yes "$(printf '%4096s' x)"${where}`);
  await expect(exec.run(["ps"])).rejects.toMatchObject({
    code: "ENGINE_UNAVAILABLE",
    message: expect.stringContaining("docker ps printed more than 16 MiB"),
  });
});

test("a streamed command that says nothing at all is given up", async () => {
  const exec = await standIn("exec sleep 60");
  await expect(Array.fromAsync(exec.stream(["build"], { silenceMs: 100 }))).rejects.toMatchObject({
    code: "ENGINE_UNAVAILABLE",
    details: { reason: "silent" },
  });
  const talking = await standIn("echo at last; sleep 0.3");
  expect(await Array.fromAsync(talking.stream(["build"], { silenceMs: 250 }))).toHaveLength(1);
});

test.each([
  ["missing", undefined, "was not found on PATH"],
  ["no program that may run", 0o644, "may not be executed"],
])("a CLI that is %s is told with what to install", async (_, mode, what) => {
  const binary = join(directory, Bun.randomUUIDv7());
  if (mode !== undefined) await writeFile(binary, "#!/bin/bash\n", { mode });
  const exec = createDockerExec({ binary, environment: {} });
  const told = {
    code: "ENGINE_UNAVAILABLE",
    message: expect.stringMatching(new RegExp(`${what}: install .*buildx`)),
  };
  await expect(exec.run(["ps"])).rejects.toMatchObject(told);
  await expect(Array.fromAsync(exec.stream(["events"]))).rejects.toMatchObject(told);
});

test("a cancelled command rejects with the signal's reason", async () => {
  const exec = await standIn("exec sleep 60");
  const reason = new Error("enough");
  const controller = new AbortController();
  const running = exec.run(["ps"], { signal: controller.signal });
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
});

test("streamed output comes as it is printed, from both outputs", async () => {
  const exec = await standIn(`echo one; echo two >&2; read -r -t 60 < <(sleep 60)`);
  const seen = new Set<string>();
  for await (const { stream, text } of exec.stream([])) {
    seen.add(`${stream}:${text.trim()}`);
    if (seen.size === 2) break;
  }
  expect(seen).toEqual(new Set(["stdout:one", "stderr:two"]));
});

test("of output that is followed for long, what came holds no memory", async () => {
  const exec = await standIn("while :; do echo line; done");
  const sizes: number[] = [];
  let chunks = 0;
  for await (const _ of exec.stream(["logs", "x"])) {
    chunks += 1;
    if (chunks === 5_000 || chunks === 20_000) {
      Bun.gc(true);
      sizes.push(heapStats().objectCount);
    }
    if (chunks === 20_000) break;
  }
  const [before = 0, after = Infinity] = sizes;
  expect(after - before).toBeLessThan(5_000);
}, 30_000);

describe("a command that has ended, whose output does not", () => {
  const OPEN = "sleep 60 & ";

  test("is given again if it looks at something", async () => {
    const marker = join(directory, Bun.randomUUIDv7());
    const exec = await standIn(
      `if [[ -e ${marker} ]]; then echo seen; exit; fi; touch ${marker}; ${OPEN} echo unseen`,
    );
    expect(await exec.run(["service", "ps", "x"])).toBe("seen\n");
  });

  test("fails if it changes something, and what holds the output open is ended", async () => {
    const file = join(directory, Bun.randomUUIDv7());
    const exec = await standIn(`${OPEN} echo $! > ${file}`);
    await expect(exec.run(["service", "create", "ps"])).rejects.toMatchObject({
      code: "ENGINE_UNAVAILABLE",
      message: "docker service create has ended, but what it printed did not come. Try again.",
    });
    const sleeper = Number(await Bun.file(file).text());
    await eventually(() => expect(existsSync(`/proc/${sleeper}`)).toBe(false));
  });

  test("fails at the end of what is streamed of it, however slowly that is read", async () => {
    const exec = await standIn(`for i in $(seq 3000); do echo "$i ${"x".repeat(100)}"; done; ${OPEN}`);
    let text = "";
    const reading = (async () => {
      for await (const chunk of exec.stream(["logs", "x"])) {
        if (text === "") await Bun.sleep(5_000);
        text += chunk.text;
      }
    })();
    await expect(reading).rejects.toMatchObject({ details: { reason: "lost_output" } });
    expect(text.trim().split("\n")).toHaveLength(3000);
  }, 20_000);
});

/** Starts a program that outlives it and keeps its output open, as the docker CLI does with a plugin. */
const WITH_PLUGIN = `(trap '' INT; echo plugin; exec sleep 60) & echo ready; exec sleep 60`;

async function outputOf(exec: DockerExec, options: ExecOptions & { onReady?: () => void }): Promise<void> {
  let text = "";
  for await (const chunk of exec.stream(["buildx", "build"], options)) {
    text += chunk.text;
    if (text.includes("ready") && text.includes("plugin")) options.onReady?.();
  }
}

describe("a streamed command ends with all that it has started", () => {
  test("when it is cancelled", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const onReady = () => controller.abort(reason);
    const exec = await standIn(WITH_PLUGIN);
    await expect(outputOf(exec, { signal: controller.signal, onReady })).rejects.toBe(reason);
  });

  test("when it was cancelled before it began", async () => {
    const reason = new Error("enough");
    const exec = await standIn(WITH_PLUGIN);
    await expect(outputOf(exec, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("at its deadline", async () => {
    const exec = await standIn(WITH_PLUGIN);
    await expect(outputOf(exec, { timeoutMs: 300 })).rejects.toMatchObject({
      code: "ENGINE_UNAVAILABLE",
      message: "docker buildx build did not finish within 0.3 s.",
    });
  });

  test("when the runner closes", async () => {
    const exec = await standIn(WITH_PLUGIN);
    await expect(outputOf(exec, { onReady: () => void exec.close() })).rejects.toMatchObject({
      code: "CONTAINER_ERROR",
    });
  });
});

test("once the runner closes, no streamed command is started", async () => {
  const exec = await standIn("exit 0");
  await exec.close();
  const retry = Array.fromAsync(exec.stream(["buildx", "build"]));
  await expect(retry).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
});

test("a streamed command that fails throws after its last output", async () => {
  const exec = await standIn(`echo "no space left on device" >&2; exit 1`);
  const chunks: StreamedChunk[] = [];
  const collect = async () => {
    for await (const chunk of exec.stream(["build"])) chunks.push(chunk);
  };
  await expect(collect()).rejects.toMatchObject({ code: "DISK_FULL" });
  expect(chunks).toEqual([{ stream: "stderr", text: "no space left on device\n" }]);
});

test("a signal that aborted before starts nothing", async () => {
  const exec = await standIn("exit 3");
  const reason = new Error("enough");
  await expect(exec.run(["ps"], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("a reader who leaves ends the command", async () => {
  const exec = await standIn(`echo "$$"; exec sleep 60`);
  let pid = 0;
  for await (const { text } of exec.stream([])) {
    pid = Number(text);
    break;
  }
  expect(pid).toBeGreaterThan(0);
  await eventually(() => expect(existsSync(`/proc/${pid}`)).toBe(false));
});
