import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildAgent } from "../../src/build/build.ts";
import type { AgentBuildOptions, AgentImage } from "../../src/build/build.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { createImages } from "../../src/docker/image.ts";
import { runtimeContext } from "../../src/runtime/index.ts";
import type { BuildEvent } from "../../src/docker/types.ts";
import { writeTree } from "../helpers/tree.ts";
import type { Files } from "../helpers/tree.ts";
import { type BuildSettings } from "../../src/build/settings.ts";
import { keptDirectory } from "../../src/build/kept-directory.ts";

/** A program in the place of the runtime: runs the agent's `main.py` with the application's directory importable. */
const RUNTIME_FILES = {
  "main.py":
    "import runpy, sys\nsys.path.insert(0, '/app')\nrunpy.run_path('/app/main.py', run_name='__main__')\n",
};

export const docker = createDockerExec({ environment: process.env });

export function buildSettings(overrides: Partial<BuildSettings> = {}): BuildSettings {
  return {
    pythonImage: process.env["OKEN_PYTHON_IMAGE"] ?? "python:{version}-slim-trixie",
    uvImage: process.env["OKEN_UV_IMAGE"] ?? "ghcr.io/astral-sh/uv:0.13.9",
    caFile: process.env["OKEN_CA_FILE"],
    sdist: "isolated",
    ...overrides,
  };
}

export type TestBuild = AgentImage &
  AsyncDisposable & { tag: string; events: BuildEvent[]; run(): Promise<string> };

/** Builds files as an agent's upload; the image is removed when disposed of. */
export async function buildFiles(
  files: Files,
  overrides: Partial<Omit<AgentBuildOptions, "settings">> & {
    settings?: Partial<BuildSettings>;
    /** In the runtime's place. */
    runtimeFiles?: Record<string, string>;
    /** Added to the environment of the docker command. */
    environment?: Record<string, string>;
  } = {},
): Promise<TestBuild> {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const tag = `oken-test/build:${crypto.randomUUID()}`;
  const { environment = {}, settings = {}, runtimeFiles = RUNTIME_FILES, ...options } = overrides;
  const images = createImages(createDockerExec({ environment: { ...process.env, ...environment } }));
  const events: BuildEvent[] = [];
  try {
    await writeTree(join(directory, "tree"), files);
    const image = await buildAgent(images, {
      tree: join(directory, "tree"),
      scratchDir: directory,
      keepDir: join(directory, "kept"),
      manifest: { pythonVersion: "3.12" },
      entrypoint: { file: "main.py" },
      agentId: "test-agent",
      runtimeDir: await keptDirectory({
        parent: join(directory, "runtime"),
        files: runtimeContext(runtimeFiles),
      }).path(),
      tag,
      labels: { "oken.test": "build" },
      timeoutMs: 240_000,
      onEvent: (event) => events.push(event),
      ...options,
      settings: buildSettings(settings),
    });
    return {
      ...image,
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

/** Standard output of a program in an image, in place of the agent. */
export function inImage(tag: string, ...command: [string, ...string[]]): Promise<string> {
  const [program, ...args] = command;
  return docker.run(["run", "--rm", "--network=none", "--entrypoint", program, tag, ...args]);
}
