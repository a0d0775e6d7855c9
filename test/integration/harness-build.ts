import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createBuilder } from "../../src/build/builder.ts";
import { treeName } from "../../src/build/content-name.ts";
import type { BuildSettings, PackageSources } from "../../src/build/settings.ts";
import type { Build, BuildEngine, Builder } from "../../src/build/types.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { createImages } from "../../src/docker/images/image.ts";
import type { BuildEvent, WheelLimits } from "../../src/docker/types.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { runtimeContext } from "../../src/runtime/index.ts";
import { versionRecord } from "../helpers/records.ts";
import { writeTree } from "../helpers/tree.ts";
import type { Files } from "../helpers/tree.ts";

/** In the place of the runtime: runs the agent's `main.py` with its Python, and its directory importable. */
const RUNTIME_FILES = {
  "main.py":
    "import os, sys\nplace = os.path.dirname(os.path.abspath(__file__))\nos.execv(sys.argv[1], [sys.argv[1], '-I', place + '/agent.py'])\n",
  "agent.py":
    "import runpy, sys\nsys.path.insert(0, '/app')\nrunpy.run_path('/app/main.py', run_name='__main__')\n",
};

export const docker = createDockerExec({ environment: process.env });

/** Settings of a test, in one object. */
type TestSettings = Partial<BuildSettings & PackageSources>;

export function buildSettings(overrides: TestSettings = {}): BuildSettings {
  const { indexUrl, extraIndexUrls, findLinks, offline, aptMirror, ...others } = overrides;
  return {
    pythonImage: process.env["OKEN_PYTHON_IMAGE"] ?? "python:{version}-slim-trixie",
    uvImage: process.env["OKEN_UV_IMAGE"] ?? "ghcr.io/astral-sh/uv:0.13.9",
    caFile: process.env["OKEN_CA_FILE"],
    packageSources: { indexUrl, extraIndexUrls, findLinks, offline, aptMirror },
    sdist: "isolated",
    ...others,
  };
}

export type TestBuild = Build &
  AsyncDisposable & { tag: string; events: BuildEvent[]; run(): Promise<string> };

/** What a test says of the agent, the host and the build; everything else is as on a host without settings. */
export type TestBuildOptions = {
  agentId?: string;
  /** The agent's own directory, to keep what it was built with for the next build. */
  agentDir?: string;
  /** The source, in place of the files. */
  tree?: string;
  resolutionKey?: string;
  pythonVersion?: string;
  systemPackages?: string[];
  settings?: TestSettings;
  wheelLimits?: WheelLimits;
  /** Seconds. */
  buildTimeout?: number;
  labels?: Record<string, string>;
  /** In the runtime's place. */
  runtimeFiles?: Record<string, string>;
  /** Added to the environment of the docker command. */
  environment?: Record<string, string>;
  signal?: AbortSignal;
  /** Rejects when the build must end. */
  assertRoom?: () => Promise<void>;
};

/** Builds files as an agent's upload; the image is removed when disposed of. */
export async function buildFiles(files: Files, options: TestBuildOptions = {}): Promise<TestBuild> {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const { agentId = "test-agent", tree = join(directory, "tree"), resolutionKey } = options;
  const record = versionRecord(1);
  const { pythonVersion = record.manifest.pythonVersion, systemPackages } = options;
  const tag = `oken-test/build:${crypto.randomUUID()}`;
  const images = createImages(createDockerExec({ environment: { ...process.env, ...options.environment } }));
  const builder = testBuilder(images, directory, options);
  const events: BuildEvent[] = [];
  try {
    await writeTree(join(directory, "tree"), files);
    const build = await builder.build({
      agentId,
      version: {
        ...record,
        manifest: { ...record.manifest, pythonVersion, systemPackages },
        tree_digest: await treeName("tree", tree),
        image: tag,
        ...(resolutionKey === undefined ? {} : { resolution_key: resolutionKey }),
      },
      tree,
      signal: options.signal ?? new AbortController().signal,
      onEvent: (event) => events.push(event),
    });
    await builder.settled();
    return {
      ...build,
      tag,
      events,
      run: () => docker.run(["run", "--rm", "--network=none", "--read-only", "--init", tag]),
      [Symbol.asyncDispose]: () => images.removeImages([tag]),
    };
  } catch (error) {
    await images.removeImages([tag]);
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The error of a build that must fail; the tag of its image if it does not. */
export async function buildFailure(files: Files, options?: TestBuildOptions): Promise<unknown> {
  try {
    await using image = await buildFiles({ "main.py": "", ...files }, options);
    return image.tag;
  } catch (error) {
    return error;
  }
}

function testBuilder(engine: BuildEngine, directory: string, options: TestBuildOptions): Builder {
  const { settings, wheelLimits, buildTimeout = 240, runtimeFiles = RUNTIME_FILES } = options;
  return createBuilder({
    engine,
    assertRoom: options.assertRoom,
    settings: buildSettings(settings),
    limits: { maxBuilds: 1, maxBuildQueue: 1, buildTimeout, wheels: wheelLimits },
    agents: {
      directory: () => options.agentDir ?? directory,
      scratchDirectory: () => join(directory, "scratch"),
      resolutionKeys: () => [],
      labels: () => options.labels ?? { "oken.test": "build" },
    },
    runtime: {
      parent: join(directory, "runtime"),
      files: () => Promise.resolve(runtimeContext(runtimeFiles)),
    },
    staging: join(directory, "staging"),
    cleared: Promise.resolve(),
    clock: systemClock,
    log: createLog({ level: "silent", format: "json" }),
    metrics: createMetrics(),
  });
}

/** Standard output of a program in an image, in place of the agent. */
export function inImage(tag: string, ...command: [string, ...string[]]): Promise<string> {
  const [program, ...args] = command;
  return docker.run(["run", "--rm", "--network=none", "--entrypoint", program, tag, ...args]);
}

/** What a build left in the engine: containers, networks and images with the label. */
export async function leftovers(label: string): Promise<string[]> {
  const filter = ["--filter", `label=oken.test=${label}`, "--quiet"];
  const outputs = await Promise.all([
    docker.run(["ps", "--all", ...filter]),
    docker.run(["network", "ls", ...filter]),
    docker.run(["image", "ls", ...filter]),
  ]);
  return outputs
    .join("")
    .split("\n")
    .filter((line) => line !== "");
}
