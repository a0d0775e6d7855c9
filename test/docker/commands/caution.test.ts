import { describe, expect, test } from "bun:test";

import { PING_ARGS, cautious } from "../../../src/docker/commands/caution.ts";
import { engineTimeout } from "../../../src/docker/errors.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

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

/** An engine on which commands take as long as they may, and that answers questions, or none. */
function createBusyExec({ answers }: { answers: boolean }) {
  const clock = createFakeClock();
  const pings: number[] = [];
  const exec: DockerExec = {
    run: (args, { signal, timeoutMs = 60_000 } = {}) =>
      new Promise((resolve, reject) => {
        if (isPing(args)) pings.push(clock.monotonic());
        if (isPing(args) && answers) return resolve("ok");
        clock.timer(timeoutMs, () => reject(engineTimeout(args, timeoutMs)));
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
    async *stream(_, { signal } = {}) {
      yield { stream: "stderr", text: "begun" };
      const ended = Promise.withResolvers<never>();
      signal?.addEventListener("abort", () => ended.reject(signal.reason));
      await ended.promise;
    },
    close: () => Promise.resolve(),
  };
  return { exec: cautious(exec, clock), clock, pings };
}

describe("a command that takes long", () => {
  /** So long the engine is left in peace, and so long a question and a second one may take, milliseconds. */
  const [SUSPICIOUS_MS, QUESTION_MS, SECOND_MS] = [5_000, 5_000, 10_000];
  const GIVEN_UP_MS = SUSPICIOUS_MS + QUESTION_MS + SECOND_MS;

  test("is given up once the engine answers neither of two questions, with all that run beside it", async () => {
    const { exec, clock, pings } = createBusyExec({ answers: false });
    const all = Promise.allSettled([exec.run(["stop", "a"]), exec.run(["run", "b"])]);
    await clock.advance(GIVEN_UP_MS);
    expect(await all).toMatchObject(
      ["a", "b"].map(() => ({
        status: "rejected",
        reason: { code: "ENGINE_UNAVAILABLE", details: { reason: "silent" } },
      })),
    );
    expect(pings).toEqual([SUSPICIOUS_MS, SUSPICIOUS_MS + QUESTION_MS]);
  });

  test("has all its time while the engine answers", async () => {
    const { exec, clock, pings } = createBusyExec({ answers: true });
    const stop = exec.run(["stop", "a"], { timeoutMs: 70_000 });
    await clock.advance(69_000);
    expect(pings).toEqual([SUSPICIOUS_MS]);
    stop.catch(() => undefined);
    await clock.advance(1_000);
    await expect(stop).rejects.toThrow("did not finish within 70 s");
  });

  test("that was given up keeps none that begins when the engine is back", async () => {
    const hung = createBusyExec({ answers: false });
    const first = hung.exec.run(["stop", "a"]).catch((error: unknown) => error);
    await hung.clock.advance(GIVEN_UP_MS);
    expect(await first).toMatchObject({ code: "ENGINE_UNAVAILABLE" });
    const next = hung.exec.run(["stop", "b"]).catch((error: unknown) => error);
    await hung.clock.advance(QUESTION_MS - 1);
    expect(await Promise.race([next, Promise.resolve("waits")])).toBe("waits");
    await hung.clock.advance(1);
    expect(await next).toMatchObject({ code: "ENGINE_UNAVAILABLE" });
  });
});

/** What becomes of a build that has begun to speak, and of a log that is followed beside it. */
function beginBuild({ answers }: { answers: boolean }) {
  const busy = createBusyExec({ answers });
  const states = { build: "runs", log: "runs" };
  const follow = async (name: keyof typeof states, options: { silenceMs?: number }) => {
    for await (const _ of busy.exec.stream([name], options)) states[name] = "spoke";
  };
  follow("build", { silenceMs: 30_000 }).catch((error: RunnerError) => (states.build = error.code));
  follow("log", {}).catch((error: RunnerError) => (states.log = error.code));
  return { ...busy, states };
}

describe("a build that falls silent", () => {
  const [QUIET_MS, QUESTIONS_MS] = [30_000, 15_000];

  test("is given up once the engine answers neither of two questions, and a followed log is not", async () => {
    const { clock, states } = beginBuild({ answers: false });
    await clock.advance(2 * QUIET_MS + QUESTIONS_MS);
    expect(states).toEqual({ build: "ENGINE_UNAVAILABLE", log: "spoke" });
  });

  test("goes on while the engine answers", async () => {
    const { clock, states, pings } = beginBuild({ answers: true });
    await clock.advance(10 * QUIET_MS);
    expect(states.build).toBe("spoke");
    expect(pings.length).toBeGreaterThanOrEqual(8);
  });
});
