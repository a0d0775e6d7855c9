import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type CheckSettings, createChecks } from "../../src/checks/checks.ts";
import { createHealth } from "../../src/checks/health.ts";
import { readIdentity } from "../../src/config/identity.ts";
import { requireUsable } from "../../src/checks/start.ts";
import { createLog } from "../../src/lib/log.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { StartError } from "../../src/lib/start-error.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { type FakeEngineOptions, createFakeEngine } from "../helpers/fake-engine.ts";

const PYTHON = { name: "python-image", reference: "python:3.12", setting: "OKEN_PYTHON_IMAGE" };

/** Longer than any look is believed, milliseconds. */
const LATER = 61_000;

/** All well, except for what a test says. */
async function createHost(options: FakeEngineOptions = {}, settings: Partial<CheckSettings> = {}) {
  const engine = createFakeEngine({ images: [PYTHON.reference], ...options });
  await engine.ensureNetwork();
  const clock = createFakeClock();
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    destination: { write: (line) => void lines.push(line) },
  });
  const checks = createChecks(
    { engine, clock },
    { dataDir: import.meta.dir, runtime: undefined, images: [PYTHON], registry: undefined, ...settings },
  );
  return {
    engine,
    clock,
    lines,
    start: () => requireUsable(checks, log),
    health: createHealth(checks, { clock, reconciled: Promise.resolve() }),
  };
}

const UNMET: [string, FakeEngineOptions, Partial<CheckSettings>, string][] = [
  [
    "an old engine",
    { offers: { version: "20.10.24+dfsg1" } },
    {},
    "Docker Engine 20.10.24+dfsg1 is too old; upgrade it to 23 or later.",
  ],
  [
    "no buildx",
    { offers: { hasBuildx: false } },
    {},
    "The docker CLI has no buildx plugin, which builds the agents' images; install docker-buildx (docker-buildx-plugin in Docker's own packages).",
  ],
  [
    "a runtime that the engine lacks",
    { offers: { runtimes: ["runc", "crun"] } },
    { runtime: "runsc" },
    'OKEN_CONTAINER_RUNTIME is "runsc", but the engine has only runc, crun; name one of those, or add it to the engine\'s daemon.json.',
  ],
  [
    "an image that is nowhere",
    { images: [] },
    {},
    "There is no image python:3.12, neither in the engine nor in its registry; name another with OKEN_PYTHON_IMAGE, or load the image.",
  ],
];

describe.each(UNMET)("with %s", (_, options, settings, sentence) => {
  test("the start ends with one sentence", async () => {
    const { start } = await createHost(options, settings);
    await expect(start()).rejects.toEqual(new StartError(sentence));
  });

  test("an engine that answers only later is told of on /health", async () => {
    const { engine, clock, start, health } = await createHost(options, settings);
    engine.goAway();
    await start();
    expect(Object.keys(await health())).toEqual(["engine"]);
    engine.comeBack();
    await clock.advance(LATER);
    expect(Object.values(await health())).toEqual([sentence]);
  });
});

test("where all is well the start goes on and /health is silent", async () => {
  const { start, health, lines } = await createHost();
  await start();
  expect({ checks: await health(), lines }).toEqual({ checks: {}, lines: [] });
});

test("an image that cannot be asked for is a warning, since the engine may know a mirror", async () => {
  const { start, health, lines } = await createHost({
    images: [],
    before(operation) {
      if (operation === "imageInRegistry") throw new Error("no such host");
    },
  });
  await start();
  expect(JSON.parse(lines.join(""))).toMatchObject({
    level: "warn",
    check: "python-image",
    msg: "The engine does not have python:3.12, and its registry cannot be asked: no such host; load the image, or name another with OKEN_PYTHON_IMAGE.",
  });
  expect(await health()).toEqual({});
});

describe("a registry", () => {
  const settings = { registry: "registry.lan" };

  test("that refuses the runner is an error in the log, since agents that run need none", async () => {
    const refused = new RunnerError(
      "CONTAINER_ERROR",
      "The registry registry.lan refuses the runner: log in.",
    );
    const host = await createHost({ registry: refused }, settings);
    await host.start();
    expect(JSON.parse(host.lines.join(""))).toMatchObject({
      level: "error",
      check: "registry",
      msg: "The registry registry.lan refuses the runner: log in.",
    });
  });

  test("that is away, or keeps what the runner removes, is told in the log and not on /health", async () => {
    const away = new RunnerError(
      "ENGINE_UNAVAILABLE",
      "The registry registry.lan does not answer. Try again.",
    );
    const host = await createHost({ registry: away }, settings);
    await host.start();
    expect(JSON.parse(host.lines.join(""))).toMatchObject({
      check: "registry",
      msg: "The registry registry.lan does not answer; deploys fail until it is back.",
    });
    expect(await host.health()).toEqual({});

    const kept = await createHost({ registry: { address: "registry.lan", removes: false } }, settings);
    await kept.start();
    expect(kept.lines.join("")).toContain("does not let the runner remove images; allow it");
  });
});

test("a containerd shim that the engine does not list may be there", async () => {
  const { start } = await createHost({}, { runtime: "io.containerd.runsc.v1" });
  await start();
});

test("/health asks an engine that has all for nothing but whether it answers", async () => {
  const { engine, clock, health } = await createHost();
  for (let round = 0; round < 5; round += 1) {
    await health();
    await clock.advance(2_001);
  }
  const counts = (["ping", "offers", "imageExists"] as const).map((name) => engine.calls(name).length);
  expect(counts).toEqual([5, 1, 1]);
});

test("a data directory whose files are gone, or another runner's, is on /health while the runner runs", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "oken-checks-"));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(dataDir, { recursive: true }));
  const { runnerId } = await readIdentity(dataDir);
  const { clock, health } = await createHost({}, { dataDir, runnerId });
  expect(await health()).toEqual({});
  for (const text of ['{"runnerId":"another","digestKey":"k"}', "", undefined]) {
    if (text === undefined) await rm(join(dataDir, "runner.json"));
    else await writeFile(join(dataDir, "runner.json"), text);
    await clock.advance(2_001);
    expect(await health()).toEqual({
      "data-dir": expect.stringMatching(
        /were removed or exchanged while the runner ran: .*put back a backup/,
      ),
    });
  }
});

test("agents that nothing keeps from the host, and a missing network or directory, are on /health", async () => {
  const { engine, clock, health } = await createHost({}, { dataDir: "/nonexistent" });
  engine.contained({ state: "open", why: "no iptables." });
  expect(await health()).toMatchObject({ network: "no iptables.", disk: expect.stringContaining("ENOENT") });
  engine.removeNetwork();
  await clock.advance(2_001);
  expect(await health()).toMatchObject({ network: expect.stringContaining("is missing") });
});
