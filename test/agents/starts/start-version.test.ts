import { expect, test } from "bun:test";

import { createFeed } from "../../../src/agents/feed.ts";
import { Agent } from "../../../src/agents/agent.ts";
import { startVersion } from "../../../src/agents/starts/start-version.ts";
import { createStore } from "../../../src/agents/store.ts";
import type { Build, BuildRequest } from "../../../src/build/types.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import type { VersionRecord } from "../../../src/model/agent.ts";
import { untilAborted } from "../../helpers/agent-parts.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { createFakeEngine } from "../../helpers/fake-engine.ts";
import { agentRecord, instanceOf, versionRecord } from "../../helpers/records.ts";

const VERSION = { ...versionRecord(3), image_id: "sha256:old", resolution_key: "key", warnings: ["odd"] };
const NO_IMAGE = new RunnerError("CONTAINER_ERROR", "No such image: oken/echo:v3");
const BASES = { "docker.io/library/python:3.12": "sha256:base" };
const BUILD: Build = {
  imageId: "sha256:new",
  bases: BASES,
  dependencyStyle: "none",
  resolutionKey: "key",
  warnings: ["moved"],
};

/** An agent whose start fails with `failure`, and a host where building its image does what `build` does. */
function fixture(options: {
  failure: RunnerError;
  images?: string[];
  /** Where the source is. */
  tree?: string;
  build?: (request: BuildRequest) => Promise<Build>;
}) {
  const log = createLog({ level: "silent", format: "json" });
  const clock = createFakeClock();
  const agent = new Agent({
    record: agentRecord([2, 3], 3),
    versions: [versionRecord(2), VERSION],
    activity: { state: "stopped" },
    clock,
    log,
    metrics: createMetrics(),
    feed: createFeed(clock),
  });
  const written: VersionRecord[] = [];
  const requests: BuildRequest[] = [];
  const parts = {
    engine: createFakeEngine({ images: options.images ?? [] }),
    builder: {
      timeoutMs: 60_000,
      build(request: BuildRequest) {
        requests.push(request);
        return options.build?.(request) ?? Promise.resolve(BUILD);
      },
      compile: () => Promise.resolve(undefined),
      fingerprint: () => Promise.resolve("fingerprint"),
      builds: () => ({ running: 0, waiting: 0 }),
      settled: () => Promise.resolve(),
    },
    instances: {
      resume: () => Promise.resolve(false),
      restart: () => Promise.reject(options.failure),
      start: (_: string, version: VersionRecord) => Promise.resolve(instanceOf(version)),
    },
    store: {
      ...createStore("/data"),
      treeDir: () => options.tree ?? import.meta.dir,
      writeVersion: (_: string, record: VersionRecord) => Promise.resolve(void written.push(record)),
    },
    clock,
    log,
  };
  const start = (signal = new AbortController().signal) =>
    startVersion(parts, agent, { version: VERSION, signal });
  return { agent, written, requests, clock, start };
}

test("a version whose image is gone is built from its own files and packages, and its record says the new image", async () => {
  const { agent, written, requests, start } = fixture({ failure: NO_IMAGE });
  const { instance, tier } = await start();
  expect(tier).toBe("rebuild");
  expect(requests).toMatchObject([{ agentId: "echo", version: VERSION, tree: import.meta.dir }]);
  const expected = { ...VERSION, image_id: "sha256:new", bases: BASES, warnings: ["odd", "moved"] };
  expect(written).toMatchObject([expected]);
  expect(agent.versions).toMatchObject([{ version: 2 }, expected]);
  expect(instance.version).toMatchObject(expected);
});

test.each([
  ["its image is there", { failure: NO_IMAGE, images: [VERSION.image] }],
  ["it was the agent that failed", { failure: new RunnerError("AGENT_START_FAILED", "exited with code 1") }],
])("nothing is built for a start that fails although %s", async (_, options) => {
  const { requests, start } = fixture(options);
  await expect(start()).rejects.toBe(options.failure);
  expect(requests).toEqual([]);
});

test("nothing is built of a source that is on another host", async () => {
  const { requests, start } = fixture({ failure: NO_IMAGE, tree: "/nowhere/at/all" });
  await expect(start()).rejects.toMatchObject({
    code: "CONFIG_ERROR",
    message: expect.stringContaining("is not on this host, which took the agent over from another one"),
  });
  expect(requests).toEqual([]);
});

test("a build that fails keeps its code and details, and its sentence says what it was for", async () => {
  const failure = new RunnerError("BUILD_FAILED", "There is no package named x.", {
    details: { class: "c" },
  });
  const { agent, written, start } = fixture({ failure: NO_IMAGE, build: () => Promise.reject(failure) });
  await expect(start()).rejects.toMatchObject({
    code: "BUILD_FAILED",
    message:
      "The image of agent echo, version 3, was gone, and building it again failed: There is no package named x.",
    details: { class: "c" },
    cause: failure,
  });
  expect(written).toEqual([]);
  expect(agent.versions.at(-1)).toBe(VERSION);
});

test("a build that is ended rejects with the reason as it is", async () => {
  const reason = new RunnerError("AGENT_NOT_RUNNING", "Agent echo was stopped.");
  const ending = new AbortController();
  const { start } = fixture({
    failure: NO_IMAGE,
    build: ({ signal }) => {
      const ended = untilAborted(signal);
      ending.abort(reason);
      return ended;
    },
  });
  await expect(start(ending.signal)).rejects.toBe(reason);
});

test("a build that waits too long for its turn is ended, five seconds after its own limit", async () => {
  const { clock, start } = fixture({ failure: NO_IMAGE, build: ({ signal }) => untilAborted(signal) });
  let failure: unknown;
  void start().catch((error: unknown) => (failure = error));
  await clock.advance(64_999);
  expect(failure).toBeUndefined();
  await clock.advance(1);
  expect(failure).toMatchObject({
    code: "BUILD_TIMEOUT",
    message:
      "The image of agent echo, version 3, was gone, and building it again failed: it did not end within 60 s.",
  });
});
