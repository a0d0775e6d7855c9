import { expect, test } from "bun:test";

import { createAgent } from "../../src/agents/agent.ts";
import type { Build, BuildRequest } from "../../src/build/types.ts";
import { bringUp } from "../../src/agents/rebuild.ts";
import { createStore } from "../../src/agents/store.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createLog } from "../../src/lib/log.ts";
import type { VersionRecord } from "../../src/model/agent.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { instanceOf, versionRecord } from "../helpers/records.ts";

const VERSION = { ...versionRecord(3), image_id: "sha256:old", resolution_key: "key", warnings: ["odd"] };
const NO_IMAGE = new RunnerError("CONTAINER_ERROR", "No such image: oken/echo:v3");
const TIMEOUT_MS = 60_000;
const BASES = { "docker.io/library/python:3.12": "sha256:base" };
const BUILT: Build = {
  imageId: "sha256:new",
  bases: BASES,
  dependencyStyle: "none",
  resolutionKey: "key",
  warnings: ["moved"],
};

/** An agent whose start fails with `failure`, and a host where building its image does what `build` does. */
function fixture(options: {
  failure: RunnerError;
  imageExists?: boolean;
  build?: (request: BuildRequest) => Promise<Build>;
}) {
  const agent = createAgent({
    record: {
      schema: 1,
      agent_id: "echo",
      created_at: VERSION.created_at,
      desired: "running",
      current_version: 3,
      versions: [2, 3],
    },
    versions: [versionRecord(2), VERSION],
    state: "starting",
  });
  const clock = createFakeClock();
  const written: VersionRecord[] = [];
  const requests: BuildRequest[] = [];
  const context = {
    engine: { imageExists: () => Promise.resolve(options.imageExists ?? false) },
    builder: {
      timeoutMs: TIMEOUT_MS,
      build: (request: BuildRequest) => {
        requests.push(request);
        return options.build?.(request) ?? Promise.resolve(BUILT);
      },
      fingerprint: () => Promise.reject(new Error("nothing is deployed")),
      settled: () => Promise.resolve(),
    },
    instances: {
      wake: () => Promise.reject(options.failure),
      start: (_: string, version: VersionRecord) => Promise.resolve(instanceOf(version)),
      adopt: () => Promise.reject(new Error("nothing runs")),
      fingerprint: () => Promise.reject(new Error("nothing is deployed")),
    },
    store: {
      ...createStore("/data"),
      writeVersion: (_: string, record: VersionRecord) => Promise.resolve(void written.push(record)),
    },
    clock,
    log: createLog({ level: "silent", format: "json" }),
  };
  const start = (signal = new AbortController().signal) =>
    bringUp(context, agent, { version: VERSION, signal });
  return { agent, written, requests, start, clock };
}

test("a version whose image is gone is built from its own files and packages, and its record says the new image", async () => {
  const { agent, written, requests, start } = fixture({ failure: NO_IMAGE });
  const instance = await start();
  expect(requests).toMatchObject([
    {
      agentId: "echo",
      version: VERSION,
      tree: `/data/agents/echo/versions/3/tree-${VERSION.tree_digest}`,
    },
  ]);
  const expected = { ...VERSION, image_id: "sha256:new", bases: BASES, warnings: ["odd", "moved"] };
  expect(written).toMatchObject([expected]);
  expect(agent.versions).toMatchObject([{ version: 2 }, expected]);
  expect(instance.version).toMatchObject(expected);
});

test.each([
  ["its image is there", { failure: NO_IMAGE, imageExists: true }],
  ["it was the agent that failed", { failure: new RunnerError("AGENT_START_FAILED", "exited with code 1") }],
])("nothing is built for a start that fails although %s", async (_, options) => {
  const { requests, start } = fixture(options);
  await expect(start()).rejects.toBe(options.failure);
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
    build: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        ending.abort(reason);
      }),
  });
  await expect(start(ending.signal)).rejects.toBe(reason);
});

test("a build that does not end in its time is ended, after it had the time to say where it was", async () => {
  const { start, clock } = fixture({
    failure: NO_IMAGE,
    build: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  const failure = start().catch((error: unknown) => error);
  await clock.advance(TIMEOUT_MS + 5_000);
  expect(await failure).toMatchObject({
    code: "BUILD_TIMEOUT",
    message: expect.stringContaining("it did not end within 60 s"),
  });
  expect(clock.pending()).toBe(0);
});
