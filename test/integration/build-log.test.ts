import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createImages } from "../../src/docker/images/image.ts";
import { SPEAKER, createLatencies, measureByHand } from "../helpers/latency.ts";
import { buildSettings, docker } from "./harness-build.ts";

/** Longest median from a line's being printed to its event, milliseconds. */
const LIMIT_MS = 200;

test("lines of a build's step come as they are printed, the median within 200 ms", async () => {
  const context = await mkdtemp(join(tmpdir(), "oken-test-"));
  const tag = `oken-test/log:${crypto.randomUUID()}`;
  const image = buildSettings().pythonImage.replace("{version}", "3.12");
  const images = createImages(docker);
  const latencies = createLatencies();
  try {
    await writeFile(join(context, "speaker.py"), SPEAKER);
    const dockerfile = join(context, "Dockerfile");
    const run = "RUN --network=none --mount=type=bind,target=/context python3 -u /context/speaker.py";
    await writeFile(dockerfile, `FROM ${image}\nARG UNIQUE\n${run}\n`);
    const [beside] = await Promise.all([
      measureByHand(image),
      images.buildImage({
        inputs: {
          dockerfile,
          context,
          contexts: [],
          buildArgs: { UNIQUE: crypto.randomUUID() },
          secretFiles: {},
        },
        timeoutMs: 100_000,
        tag,
        labels: {},
        onEvent: (event) => event.type === "log" && latencies.hear(event.line),
      }),
    ]);
    console.info(
      `BuildKit: median ${latencies.median().toFixed(1)} ms, max ${latencies.max().toFixed(1)} ms`,
    );
    expect(latencies.count()).toBe(beside.count());
    // What the engine itself needs at this time, on a machine that does other things, is no part of it.
    expect(latencies.median() - beside.median()).toBeLessThan(LIMIT_MS);
  } finally {
    await images.removeImages([tag]);
    await rm(context, { recursive: true, force: true });
  }
});
