import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runnerLabels } from "../../src/docker/labels.ts";
import type { BuildRequest } from "../../src/docker/types.ts";
import { type CreateSubject, type Subject, specOf } from "./subject.ts";

const DEADLINE_MS = 60_000;

export function imageCases(create: CreateSubject): void {
  test("builds an image that can be started", async () => {
    await using subject = await create();
    await using build = await request(subject);
    const { engine } = subject;
    const { tag } = build.request;
    expect(await engine.imageExists(tag)).toBe(false);
    expect(await engine.buildImage(build.request)).toMatchObject({
      imageId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(await engine.imageExists(tag)).toBe(true);
    expect(await engine.startContainer(specOf(subject, { image: tag }))).toMatchObject({
      address: expect.stringMatching(/./),
    });
  });

  test("lists the images of its runner and no others", async () => {
    await using subject = await create();
    await using own = await request(subject);
    await using other = await request(subject, { "oken.test": "contract" });
    const { engine } = subject;
    await engine.buildImage(own.request);
    await engine.buildImage(other.request);
    expect(await engine.listImages()).toEqual([own.request.tag]);
  });

  test("removes images, and ignores one that does not exist", async () => {
    await using subject = await create();
    await using build = await request(subject);
    const { engine } = subject;
    const { tag } = build.request;
    await engine.buildImage(build.request);
    await engine.removeImages([`oken-test/nothing:${crypto.randomUUID()}`, tag]);
    expect(await engine.imageExists(tag)).toBe(false);
    expect(await engine.listImages()).toEqual([]);
  });

  test("names the platform that it builds for", async () => {
    await using subject = await create();
    expect(await subject.engine.platform()).toMatch(/^[a-z]+\/\w+$/);
  });

  test("builds nothing when its signal has aborted", async () => {
    await using subject = await create();
    await using build = await request(subject);
    const signal = AbortSignal.abort(new Error("superseded"));
    await expect(subject.engine.buildImage({ ...build.request, signal })).rejects.toThrow("superseded");
    expect(await subject.engine.imageExists(build.request.tag)).toBe(false);
  });
}

/** Builds an image from the subject's own, with one more file. Disposing of it removes the image. */
async function request({ engine, image, runnerId }: Subject, labels = runnerLabels(runnerId)) {
  const context = await mkdtemp(join(tmpdir(), "oken-test-"));
  const tag = `oken-test/contract:${crypto.randomUUID()}`;
  const dockerfile = join(context, "Dockerfile");
  await writeFile(dockerfile, `FROM ${image}\nCOPY Dockerfile /\n`);
  const build: BuildRequest = {
    inputs: { dockerfile, context, contexts: [], buildArgs: {}, secretFiles: {} },
    timeoutMs: DEADLINE_MS,
    tag,
    labels,
  };
  return {
    request: build,
    async [Symbol.asyncDispose]() {
      await engine.removeImages([tag]);
      await rm(context, { recursive: true });
    },
  };
}
