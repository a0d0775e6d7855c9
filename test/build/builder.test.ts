import { describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { createBuilder } from "../../src/build/builder.ts";
import type { BuildEngine, BuildRequest } from "../../src/build/types.ts";
import type {
  BuildEvent,
  BuildRequest as ImageRequest,
  ExportRequest,
  WheelRequest,
} from "../../src/docker/types.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { versionRecord } from "../helpers/records.ts";
import { type Files, writeTree } from "../helpers/tree.ts";

const IMAGE = { imageId: "sha256:image", bases: { "python:3.12": "sha256:base" } };
const LOCK = "six==1.16.0\n";
const LOOSE = { "main.py": "", "requirements.txt": "six\n" };
const NO_WHEEL = new RunnerError("BUILD_FAILED", "six has no wheel.", {
  details: { class: "needs_build", package: "six", step: "[deps 2/3] RUN uv pip sync" },
});

/** A builder in front of an engine whose images `build` makes. */
async function fixture(files: Files, build: (attempt: number) => Promise<typeof IMAGE> = async () => IMAGE) {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const agent = join(directory, "agent");
  const scratch = join(agent, "version", "build");
  const tree = join(directory, "tree");
  await mkdir(dirname(scratch), { recursive: true });
  await writeTree(tree, files);
  const images: ImageRequest[] = [];
  const exports: ExportRequest[] = [];
  const wheels: WheelRequest[] = [];
  const engine: BuildEngine = {
    buildImage(request) {
      images.push(request);
      return build(images.length);
    },
    async exportStage(request) {
      exports.push(request);
      await writeTree(request.directory, { "requirements.lock": LOCK });
    },
    async buildWheels(request) {
      wheels.push(request);
      await writeTree(request.outputDir, { "six-1.16.0-py3-none-any.whl": "wheel" });
      await writeFile(join(request.outputDir, "requirements.lock"), LOCK);
    },
    platform: () => Promise.resolve("linux/fake"),
  };
  const settings = { pythonImage: "python:{version}", uvImage: "uv", packageSources: {} };
  const events: BuildEvent[] = [];
  return {
    images,
    exports,
    wheels,
    events,
    scratch,
    async build(
      changes: Partial<BuildRequest> = {},
      sdist: "isolated" | "deny" = "isolated",
      cleared = Promise.resolve(),
    ) {
      const builder = createBuilder({
        engine,
        settings: { ...settings, sdist },
        limits: { maxBuilds: 1, maxBuildQueue: 1, buildTimeout: 60 },
        agents: {
          directory: () => agent,
          scratchDirectory: () => scratch,
          resolutionKeys: () => [],
          labels: ({ agentId, version, spec }) => ({ agent: agentId, version: `${version}`, spec }),
        },
        runtime: { parent: join(directory, "runtime"), files: () => Promise.resolve({ "main.py": "" }) },
        staging: join(directory, "staging"),
        cleared,
        clock: createFakeClock(),
        log: createLog({ level: "silent", format: "json" }),
        metrics: createMetrics(),
      });
      const result = await builder.build({
        agentId: "echo",
        version: versionRecord(3),
        tree,
        signal: new AbortController().signal,
        onEvent: (event) => events.push(event),
        ...changes,
      });
      await builder.settled();
      return result;
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function failingOnce(attempt: number): Promise<typeof IMAGE> {
  return attempt === 1 ? Promise.reject(NO_WHEEL) : Promise.resolve(IMAGE);
}

test("a build gives the version's image its tag and labels, and leaves nothing in the scratch directory", async () => {
  await using agent = await fixture({ "main.py": "" });
  expect(await agent.build()).toMatchObject({ ...IMAGE, dependencyStyle: "none", warnings: [] });
  expect(agent.images).toMatchObject([
    {
      tag: "oken/echo:v3",
      labels: { agent: "echo", version: "3", spec: "spec-3" },
      timeoutMs: 60_000,
      inputs: { buildArgs: { OKEN_PYTHON_IMAGE: "python:3.12", OKEN_UV_IMAGE: "uv" }, secretFiles: {} },
    },
  ]);
  expect(await readdir(agent.scratch)).toEqual([]);
});

test("a build that fails leaves nothing, and its error names the step in words for people", async () => {
  // Each command is told how much of the build's time is left.
  const failure = new RunnerError("BUILD_TIMEOUT", "The build did not finish within 41 s.", {
    details: { step: "[resolve 2/2] RUN uv lock" },
  });
  await using agent = await fixture({ "main.py": "" }, () => Promise.reject(failure));
  await expect(agent.build()).rejects.toMatchObject({
    message: "The build did not finish within 60 s. It was at: resolve the dependencies.",
    details: { step: "resolve the dependencies" },
  });
  expect(await readdir(agent.scratch)).toEqual([]);
});

test("no build begins before what an earlier process left is removed", async () => {
  await using agent = await fixture({ "main.py": "" });
  const clearing = Promise.withResolvers<void>();
  const building = agent.build({}, "isolated", clearing.promise);
  // One that need not wait, and begins later, has ended before it.
  await using free = await fixture({ "main.py": "" });
  await free.build();
  expect({ held: agent.images.length, free: free.images.length }).toEqual({ held: 0, free: 1 });
  clearing.resolve();
  await building;
  expect(agent.images).toHaveLength(1);
});

test("nothing is written for a version whose directory is gone", async () => {
  await using agent = await fixture({ "main.py": "" });
  await rm(dirname(agent.scratch), { recursive: true });
  await expect(agent.build()).rejects.toMatchObject({ code: "ENOENT" });
  expect(agent.images).toEqual([]);
});

describe("versions of packages that the upload does not pin", () => {
  test("are installed from the lock that the first build resolved, and by the key of a version", async () => {
    await using agent = await fixture(LOOSE);
    const first = await agent.build();
    expect(agent.exports).toMatchObject([{ target: "lock" }]);
    const version = { ...versionRecord(3), resolution_key: first.resolutionKey };
    expect(await agent.build({ version })).toEqual(first);
    expect(agent.exports).toHaveLength(1);
    const days = agent.images.map(({ inputs }) => inputs.buildArgs["OKEN_DAY"]);
    expect(days).toEqual(["2026-01-01", undefined]);
  });

  test("are resolved again, with a warning, where the lock of a version is lost", async () => {
    await using agent = await fixture(LOOSE);
    const version = { ...versionRecord(3), resolution_key: "lost" };
    expect((await agent.build({ version })).warnings.join()).toContain("chosen anew");
  });
});

describe("a package that turns out to have no wheel", () => {
  test("is built from source within the time of the build, and installed as the agent's own wheel", async () => {
    await using agent = await fixture(LOOSE, failingOnce);
    expect(await agent.build()).toMatchObject(IMAGE);
    expect(agent.events).toContainEqual({
      type: "log",
      line: "six has no wheel: building it from source.",
    });
    expect(agent.wheels).toMatchObject([{ labels: { agent: "echo" }, timeoutMs: 60_000 }]);
    const contexts = agent.images.map(({ inputs }) => inputs.contexts.map(({ name }) => name));
    expect(contexts).toEqual([
      ["oken-runtime", "oken-deps"],
      ["oken-runtime", "oken-deps", "oken-built"],
    ]);
  });

  test("is not built from source again by the next build", async () => {
    await using agent = await fixture(LOOSE, failingOnce);
    const first = await agent.build();
    expect((await agent.build()).resolutionKey).toBe(first.resolutionKey);
    expect(agent.wheels).toHaveLength(1);
  });

  test("fails the build when its wheel is refused as well", async () => {
    await using agent = await fixture(LOOSE, () => Promise.reject(NO_WHEEL));
    await expect(agent.build()).rejects.toMatchObject({ message: NO_WHEEL.message });
    expect(agent.images).toHaveLength(2);
  });

  test("fails the build on a host that builds nothing from source", async () => {
    await using agent = await fixture(LOOSE, failingOnce);
    await expect(agent.build({}, "deny")).rejects.toMatchObject({
      message: expect.stringContaining("six must be built from source, which this host does not allow"),
    });
    expect(agent.wheels).toEqual([]);
  });
});

test("every context has a name that no other content has", async () => {
  const one = await contextNames(LOOSE);
  expect(await contextNames(LOOSE)).toEqual(one);
  expect(await contextNames({ ...LOOSE, "requirements.txt": "six>=1\n" })).not.toEqual(one);
});

async function contextNames(files: Files) {
  await using agent = await fixture(files);
  await agent.build();
  return agent.images[0]?.inputs.contexts.map(({ directory }) => basename(directory));
}
