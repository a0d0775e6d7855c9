import { describe, expect, test } from "bun:test";

import { PING_ARGS, cautious } from "../../../src/docker/commands/caution.ts";
import { engineTimeout } from "../../../src/docker/errors.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { RunnerError } from "../../../src/lib/errors.ts";

const isPing = (args: string[]) => args[0] === PING_ARGS[0];

/** Commands of an engine that answers, or hangs. */
function createFakeExec() {
  const started: string[] = [];
  let hangs = true;
  const exec: DockerExec = {
    run(args, { timeoutMs = 30_000 } = {}) {
      started.push(isPing(args) ? "ping" : args.join(" "));
      return hangs ? Promise.reject(engineTimeout(args, timeoutMs)) : Promise.resolve("ok");
    },
    async *stream(_, { signal } = {}) {
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      yield { stream: "stderr", text: "ended" };
      throw signal?.reason;
    },
    close: () => Promise.resolve(),
  };
  return { exec: cautious(exec), started, answer: () => (hangs = false) };
}

describe("after a command that ran out of time", () => {
  test("the next ones share one short question, and do not begin while it has no answer", async () => {
    const { exec, started } = createFakeExec();
    await expect(exec.run(["ps"])).rejects.toThrow("docker ps did not finish within 30 s");
    const next = await Promise.allSettled([exec.run(["run"]), exec.run(["stop"])]);
    expect(next).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
    expect(started).toEqual(["ps", "ping"]);
  });

  test("all go on once the engine answers, without further questions", async () => {
    const { exec, started, answer } = createFakeExec();
    await exec.run(["ps"]).catch(() => undefined);
    answer();
    expect([await exec.run(["run"]), await exec.run(["stop"])]).toEqual(["ok", "ok"]);
    expect(started).toEqual(["ps", "ping", "run", "stop"]);
  });

  test("the events end, for their reader to follow them anew", async () => {
    const { exec } = createFakeExec();
    const events = Array.fromAsync(exec.stream(["events"]));
    await exec.run(["ps"]).catch(() => undefined);
    await expect(events).rejects.toThrow("docker ps did not finish");
  });

  test("other programs are started all the same", async () => {
    const { exec, started, answer } = createFakeExec();
    await exec.run(["ps"]).catch(() => undefined);
    answer();
    await exec.run(["--list"], { tool: "iptables" });
    expect(started).toEqual(["ps", "--list"]);
  });
});

test("a command that fails otherwise raises no doubt", async () => {
  const started: string[] = [];
  const exec = cautious({
    ...createFakeExec().exec,
    run(args) {
      started.push(args.join(" "));
      return Promise.reject(new RunnerError("CONTAINER_ERROR", "no luck"));
    },
  });
  for (const command of ["run", "stop"]) await exec.run([command]).catch(() => undefined);
  expect(started).toEqual(["run", "stop"]);
});
