/** Time to install packages with empty caches, beside `pip install` in the same base image. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createBuilder } from "../src/build/builder.ts";
import { treeName } from "../src/build/content-name.ts";
import { loadConfig } from "../src/config/load.ts";
import { createDockerExec } from "../src/docker/exec.ts";
import { createImages } from "../src/docker/images/image.ts";
import { systemClock } from "../src/lib/clock.ts";
import { createLog } from "../src/lib/log.ts";
import { createMetrics } from "../src/metrics/metrics.ts";
import { runtimeContext } from "../src/runtime/index.ts";
import { docker } from "../test/helpers/docker.ts";
import { versionRecord } from "../test/helpers/records.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

/** Few rounds, since each downloads every package twice. */
const ROUNDS = 3;

const BUILD_TIMEOUT_SECONDS = 300;

const REQUIREMENTS = "fastapi>=0.115\nuvicorn>=0.34\nhttpx>=0.27\n";

/** The usual Dockerfile without uv. */
const PIP_DOCKERFILE = `ARG PYTHON_IMAGE
FROM \${PYTHON_IMAGE}
ARG ROUND
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \\
    if [ -e /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \\
 && python3 -m venv /opt/venv && /opt/venv/bin/pip install -q --no-cache-dir -r requirements.txt
COPY . /app
`;

export async function measureBuilds({ stack, signal }: Session): Promise<Row[]> {
  const config = loadConfig(process.env, {});
  const directory = await mkdtemp(join(tmpdir(), "oken-bench-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const tree = join(directory, "tree");
  await mkdir(tree);
  await writeFile(join(tree, "main.py"), "");
  const images = createImages(createDockerExec({ environment: process.env }));
  const figures = { runner: [] as number[], pip: [] as number[] };

  for (let round = 1; round <= ROUNDS; round += 1) {
    signal.throwIfAborted();
    progress(`builds with cold caches: round ${round} of ${ROUNDS}`);
    const id = crypto.randomUUID();
    // The cache is named after the uv image, so another name gives an empty one.
    const uvImage = `oken-bench/uv:${id}`;
    const tags = [`oken-bench/uv-build:${id}`, `oken-bench/pip-build:${id}`];
    // Changes the list and not the packages, so that no layer of an earlier round fits.
    const unlike = `--find-links https://pypi.org/simple/idna/#${id}\n`;
    await writeFile(join(tree, "requirements.txt"), unlike + REQUIREMENTS);
    await docker(["tag", config.uvImage, uvImage]);
    try {
      const builder = createBuilder({
        engine: images,
        settings: {
          pythonImage: config.pythonImage,
          uvImage,
          packageSources: { indexUrl: config.indexUrl },
          caFile: config.caFile,
          sdist: "deny",
        },
        limits: { maxBuilds: 1, maxBuildQueue: 0, buildTimeout: BUILD_TIMEOUT_SECONDS },
        agents: {
          directory: () => directory,
          scratchDirectory: () => join(directory, "scratch"),
          resolutionKeys: () => [],
          labels: () => ({}),
        },
        runtime: {
          parent: join(directory, "runtime"),
          files: () => Promise.resolve(runtimeContext({ "main.py": "" })),
        },
        staging: join(directory, "staging"),
        cleared: Promise.resolve(),
        clock: systemClock,
        log: createLog({ level: "silent", format: "json" }),
        metrics: createMetrics(),
      });
      const record = versionRecord(1);
      const version = {
        ...record,
        image: tags[0] ?? "",
        tree_digest: await treeName("tree", tree),
        manifest: { ...record.manifest, pythonVersion: config.defaultPython },
      };
      figures.runner.push(
        await timed(() => builder.build({ agentId: "bench", version, tree, signal, onEvent: ignore })),
      );
      await builder.settled();
      figures.pip.push(await timed(() => pipBuild({ directory, tree, tag: tags[1] ?? "", round: id })));
    } finally {
      await images.removeImages([uvImage, ...tags]);
    }
  }
  const row = { runner: median(figures.runner), beside: median(figures.pip), unit: "ms" } as const;
  return [{ name: "packages of a FastAPI app, cold caches, beside `pip install`", ...row }];
}

async function pipBuild(options: {
  directory: string;
  tree: string;
  tag: string;
  round: string;
}): Promise<void> {
  const config = loadConfig(process.env, {});
  const dockerfile = join(options.directory, "pip.Dockerfile");
  await writeFile(dockerfile, PIP_DOCKERFILE);
  await docker([
    ...["buildx", "build", "--load", "--progress=quiet"],
    ...["--file", dockerfile, "--tag", options.tag],
    ...["--build-arg", `PYTHON_IMAGE=${config.pythonImage.replaceAll("{version}", config.defaultPython)}`],
    ...["--build-arg", `ROUND=${options.round}`],
    ...(config.caFile === undefined ? [] : ["--secret", `id=ca,src=${config.caFile}`]),
    options.tree,
  ]);
}

function ignore(): void {}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

if (import.meta.main) await runBenchmarks([measureBuilds]);
