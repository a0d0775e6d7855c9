import { describe, expect, test } from "bun:test";

import { createCpuBoost } from "../../src/instance/boost.ts";
import { createInstances } from "../../src/instance/instances.ts";
import { createNames } from "../../src/instance/names.ts";
import type { Readiness } from "../../src/instance/readiness.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createLog } from "../../src/lib/log.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { createFakeEngine } from "../helpers/fake-engine.ts";
import { versionRecord } from "../helpers/records.ts";

const never = new AbortController().signal;
const VERSION = { ...versionRecord(3), manifest: { ...versionRecord(3).manifest, cpus: 0.5 } };
const HTTP = { ...VERSION, entrypoint: { ...VERSION.entrypoint, type: "http" as const } };

/** A line of the runtime, as the engine has it. */
const piece = (msg: string, more: object = {}) =>
  JSON.stringify({ oken: 1, t: "t", level: "info", stream: "stdout", request_id: null, msg, ...more });

/** Instances in front of a fake engine; `ready` decides about each start. */
function fixture(ready: (start: Readiness) => Promise<void> = () => Promise.resolve()) {
  const clock = createFakeClock();
  const engine = createFakeEngine({ images: ["oken/echo:v3"] });
  const log = createLog({ level: "silent", format: "json" });
  const names = createNames("runner", "a key");
  const waits: Readiness[] = [];
  const instances = createInstances({
    engine,
    spec: {
      names,
      files: {
        secretsPath: (id, version) => `/data/${id}/${version}/secrets.json`,
        passwdPath: (id, version) => `/data/${id}/${version}/passwd`,
        readSecrets: () => Promise.resolve({ KEY: "hunter2-hunter2" }),
        requireThere: () => Promise.resolve(),
        during: (_id, _version, work) => work(),
      },
      redactLogs: false,
      logRate: 0,
      containerPort: 8080,
    },
    waitUntilReady(start) {
      waits.push(start);
      return ready(start);
    },
    runtime: { askRestarts: () => Promise.resolve(undefined), tellDoubt: () => Promise.resolve() },
    healthCheckTimeoutMs: 30_000,
    cpuBoost: createCpuBoost({ engine, clock, log, closing: never }),
    clock,
    log,
  });
  return { instances, engine, clock, waits, name: names.container("echo", 3) };
}

describe("a start", () => {
  test("makes a container with what the agent is told, and is ready when the wait for it is over", async () => {
    const { instances, engine, waits, name } = fixture();
    const instance = await instances.start("echo", VERSION, { signal: never, boost: false });
    expect(instance).toMatchObject({ version: VERSION, container: { name }, inFlight: 0 });
    expect(instance.origin).toBe(`http://${instance.container.address}:8080`);
    expect(waits).toMatchObject([{ agentId: "echo", controlPort: 8080, timeoutMs: 30_000 }]);
    expect(engine.containers.get(name)?.spec).toMatchObject({
      image: "oken/echo:v3",
      identity: { agentId: "echo", version: 3, spec: "spec-3" },
      env: { PORT: "8080", OKEN_AGENT_ID: "echo", OKEN_VERSION: "3" },
      mounts: [{ source: "/data/echo/3/secrets.json", target: "/run/oken/secrets.json" }],
      memory: 1,
      cpus: 0.5,
    });
  });

  test.each([
    [8080, 7999],
    [7999, 7998],
  ])("of an http agent on port %p asks its runtime on port %p", async (port, control) => {
    const { instances, waits } = fixture();
    const version = { ...HTTP, manifest: { ...HTTP.manifest, port } };
    const instance = await instances.start("echo", version, { signal: never, boost: false });
    expect(instance.origin).toEndWith(`:${port}`);
    expect(waits).toMatchObject([{ controlPort: control }]);
  });

  test("that fails after long lines has the end of its log in the error", async () => {
    const { instances, engine, name } = fixture(() => {
      for (let line = 0; line < 50; line += 1)
        engine.print(name, { stream: "stderr", text: `${"x".repeat(100_000)}${line}` });
      return Promise.reject(new RunnerError("AGENT_START_FAILED", "no"));
    });
    const error = await instances
      .start("echo", VERSION, { signal: never, boost: true })
      .catch((cause) => cause);
    expect(error.details.log).toEndWith("x49\n");
    expect(error.details.log.length).toBeLessThan(100_000);
  });

  test("that fails tells no secret: not in its sentence, its log, its details or a cause", async () => {
    const said = "ValueError: hunter2-hunter2";
    const failure = new RunnerError("AGENT_START_FAILED", said, {
      details: { reason: "exited", more: [said] },
    });
    const { instances, engine, name } = fixture(() => {
      engine.print(name, { stream: "stderr", text: `KEY=hunter2-hunter2` });
      return Promise.reject(failure);
    });
    const error: unknown = await instances
      .start("echo", VERSION, { signal: never, boost: true })
      .catch((it: unknown) => it);
    expect(error).toMatchObject({
      message: "ValueError: [REDACTED]",
      details: { reason: "exited", more: ["ValueError: [REDACTED]"], log: "KEY=[REDACTED]\n" },
    });
    expect(Bun.inspect(error)).not.toContain("hunter2");
  });

  test("that fails has no half of a secret at the cut of its log", async () => {
    const { instances, engine, name } = fixture(() => {
      // So that the last 64 KiB begin within the value.
      engine.print(name, { stream: "stderr", text: `hunter2-hunter2${"x".repeat(64 * 1024 - 8)}` });
      return Promise.reject(new RunnerError("AGENT_START_FAILED", "no"));
    });
    const error = await instances
      .start("echo", VERSION, { signal: never, boost: true })
      .catch((cause) => cause);
    expect(error.details.log).toStartWith("[REDACTED]xxx");
  });

  test("that fails has no secret either that is in two pieces of a long line", async () => {
    const { instances, engine, name } = fixture(() => {
      engine.print(name, { stream: "stdout", text: piece("the key is hunter2-") });
      engine.print(name, { stream: "stdout", text: piece("hunter2, no less", { cont: true }) });
      return Promise.reject(new RunnerError("AGENT_START_FAILED", "no"));
    });
    await expect(instances.start("echo", VERSION, { signal: never, boost: true })).rejects.toMatchObject({
      details: { log: "the key is [REDACTED], no less\n" },
    });
  });

  test("that is over has its last lines without secrets, or none where they are gone", async () => {
    const { instances, engine, name } = fixture();
    const instance = await instances.start("echo", VERSION, { signal: never, boost: true });
    engine.print(name, { stream: "stdout", text: "the key is hunter2-hunter2" });
    expect(await instances.lastLines("echo", instance)).toBe("the key is [REDACTED]\n");
    await engine.removeContainer(name);
    expect(await instances.lastLines("echo", instance)).toBe("");
  });

  test("that fails leaves no container, and its error carries the last lines", async () => {
    const failure = new RunnerError("AGENT_START_FAILED", "no", { details: { reason: "exited" } });
    const { instances, engine, name } = fixture(() => {
      engine.print(name, { stream: "stderr", text: "Traceback" });
      return Promise.reject(failure);
    });
    await expect(instances.start("echo", VERSION, { signal: never, boost: true })).rejects.toMatchObject({
      code: "AGENT_START_FAILED",
      details: { reason: "exited", log: "Traceback\n" },
    });
    expect(engine.containers.size).toBe(0);
  });

  test("with a boost has all CPUs until it is ready, and then its own", async () => {
    const during: (number | undefined)[] = [];
    const { instances, engine, clock, name } = fixture(async () => {
      during.push(engine.containers.get(name)?.state().cpus);
    });
    await instances.start("echo", VERSION, { signal: never, boost: true });
    await clock.advance(0);
    expect(during).toEqual([undefined]);
    expect(engine.containers.get(name)?.state().cpus).toBe(0.5);
  });
});

describe("a restart", () => {
  test("takes the stopped container again", async () => {
    const { instances, engine, name } = fixture();
    const first = await instances.start("echo", VERSION, { signal: never, boost: false });
    await instances.stop(first);
    expect(engine.containers.get(name)?.running).toBe(false);
    const second = await instances.restart("echo", VERSION, never);
    expect(second.container.id).toBe(first.container.id);
    expect(engine.containers.get(name)?.running).toBe(true);
  });

  test("makes a fresh one where that is gone", async () => {
    const { instances, engine } = fixture();
    const first = await instances.start("echo", VERSION, { signal: never, boost: false });
    await engine.removeContainer(first.container.name);
    const second = await instances.restart("echo", VERSION, never);
    expect(second.container.id).not.toBe(first.container.id);
  });
});

test("a stop tells those inside first, and has the next start run with all CPUs", async () => {
  const { instances, engine, name } = fixture();
  const instance = await instances.start("echo", VERSION, { signal: never, boost: false });
  const order: string[] = [];
  instance.onCutOff((why) => void order.push(`${why}, running: ${engine.containers.get(name)?.running}`));
  await instances.stop(instance);
  expect(order).toEqual(["stopped, running: true"]);
  expect(engine.calls("stopContainer")).toEqual([[name, 10]]);
  expect(engine.calls("boostCpus")).toEqual([[instance.container.id, 0.5]]);
});

describe("a paused container", () => {
  test("goes on in the same instance, which is ready when the wait for it is over", async () => {
    const { instances, engine, waits, name } = fixture();
    const instance = await instances.start("echo", VERSION, { signal: never, boost: false });
    await engine.pauseContainer(instance.container.id);
    expect(await instances.resume("echo", instance, never)).toBe(true);
    expect({ waits: waits.length, paused: engine.containers.get(name)?.paused }).toEqual({
      ...{ waits: 2, paused: false },
    });
    engine.exit(name, 0);
    expect(await instances.resume("echo", instance, never)).toBe(false);
  });

  test("is adopted without a word of its runtime, and with its limit of CPUs", async () => {
    const { instances, engine, waits } = fixture();
    const { container } = await instances.start("echo", VERSION, { signal: never, boost: true });
    await engine.pauseContainer(container.id);
    const [listed] = await engine.listContainers();
    if (listed === undefined) throw new Error("it is not listed");
    const instance = instances.adoptPaused("echo", VERSION, { ...listed, cpus: undefined });
    expect(instance).toMatchObject({ container: { id: container.id }, isFresh: false, inFlight: 0 });
    expect(instance.origin).toBe(`http://${container.address}:8080`);
    expect(waits).toHaveLength(1);
    expect(engine.calls("limitCpus")).toContainEqual([container.id, 0.5]);
  });
});

test("a container that is adopted without its limit of CPUs gets it", async () => {
  const { instances, engine, clock, waits, name } = fixture();
  await instances.start("echo", VERSION, { signal: never, boost: false });
  const [container] = await engine.listContainers();
  if (container === undefined) throw new Error("nothing runs");
  await instances.adopt("echo", VERSION, { ...container, cpus: undefined });
  await clock.advance(0);
  expect(engine.calls("limitCpus")).toEqual([[container.id, 0.5]]);
  expect(waits.at(-1)).toMatchObject({ container: { name }, timeoutMs: 5_000 });
});

test("a removal that fails is no error: what is left is found at the next start", async () => {
  const { instances, engine, name } = fixture();
  await instances.start("echo", VERSION, { signal: never, boost: false });
  engine.goAway();
  await instances.remove("echo", name);
  engine.comeBack();
  await instances.remove("echo", name);
  expect(engine.containers.size).toBe(0);
});
