import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { loadConfig } from "../src/config/load.ts";
import { docker } from "../test/helpers/docker.ts";

/** The files of an agent, by name. */
export type Files = Record<string, string>;

/** Pause between two probes of a container that starts, milliseconds. */
const PROBE_PAUSE_MS = 5;

/** Time until a container must answer, milliseconds. */
const START_TIMEOUT_MS = 30_000;

const PORT = 8080;

/** An application that is built and run with Docker alone, with care. */
export type ByHand = {
  /** `docker buildx build`. */
  build(name: string, files: Files): Promise<void>;
  /** `docker run` of the last build of `name`, until `POST /invoke` answers. */
  run(name: string): Promise<void>;
  /** Removes the containers that newer ones replaced. */
  removeReplaced(): Promise<void>;
  /** Removes the container and image of `name`. */
  remove(name: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Containers join `network`, which must stay until the result is disposed of. */
export async function createByHand(network: string): Promise<ByHand> {
  const id = Bun.randomUUIDv7().slice(-12);
  const label = `oken.bench=${id}`;
  const directory = await mkdtemp(join(tmpdir(), "oken-bench-"));
  const image = (name: string) => `oken-bench-${id}:${name}`;
  const running = new Map<string, string>();
  const replaced: string[] = [];
  // The same images, index and certificate authority as the runner's.
  const config = loadConfig(process.env, {});
  const buildFlags = [
    ...["--build-arg", `PYTHON_IMAGE=${config.pythonImage.replaceAll("{version}", config.defaultPython)}`],
    ...["--build-arg", `UV_IMAGE=${config.uvImage}`],
    ...["--build-arg", `UV_DEFAULT_INDEX=${config.indexUrl ?? "https://pypi.org/simple"}`],
    ...(config.caFile === undefined ? [] : ["--secret", `id=ca,src=${config.caFile}`]),
    ...["--label", label],
  ];

  return {
    async build(name, files) {
      const context = join(directory, name);
      await mkdir(context, { recursive: true });
      for (const [file, text] of Object.entries(files)) await writeFile(join(context, file), text);
      await cp(join(import.meta.dir, "by-hand.Dockerfile"), join(directory, `${name}.Dockerfile`));
      await docker([
        ...["buildx", "build", "--load", "--progress=quiet"],
        ...buildFlags,
        ...["--file", join(directory, `${name}.Dockerfile`)],
        ...["--tag", image(name)],
        context,
      ]);
    },

    async run(name) {
      const before = running.get(name);
      if (before !== undefined) replaced.push(before);
      const flags = ["--detach", "--init", "--network", network, "--label", label];
      const [container = ""] = await docker(["run", ...flags, image(name)]);
      running.set(name, container);
      const template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
      const [address = ""] = await docker(["inspect", "--format", template, container]);
      await firstAnswer(`http://${address}:${PORT}/invoke`);
    },

    async removeReplaced() {
      if (replaced.length > 0) await docker(["rm", "--force", ...replaced.splice(0)]);
    },

    async remove(name) {
      const container = running.get(name);
      running.delete(name);
      if (container !== undefined) await docker(["rm", "--force", container]);
      await docker(["image", "rm", "--force", image(name)]);
    },

    async [Symbol.asyncDispose]() {
      const containers = await docker(["ps", "--all", "--quiet", "--filter", `label=${label}`]);
      if (containers.length > 0) await docker(["rm", "--force", ...containers]);
      const images = await docker(["image", "ls", "--quiet", "--filter", `label=${label}`]);
      if (images.length > 0) await docker(["image", "rm", "--force", ...new Set(images)]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function firstAnswer(url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"input":{}}',
      proxy: "",
      signal: AbortSignal.timeout(1_000),
    }).catch(() => undefined);
    if (answer?.ok) return;
    if (performance.now() > deadline) throw new Error(`${url} did not answer within ${START_TIMEOUT_MS} ms`);
    await Bun.sleep(PROBE_PAUSE_MS);
  }
}
