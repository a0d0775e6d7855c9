import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { RunnerError } from "../errors.ts";
import { buildArgs } from "./build-args.ts";
import { buildFailure } from "./build-failure.ts";
import { isNoSuchObject } from "./errors.ts";
import type { DockerExec } from "./exec.ts";
import { createBuildProgress } from "./progress.ts";
import { redactor } from "./redact.ts";
import type { BuildRequest, BuiltImage, Engine } from "./types.ts";

type Images = Pick<Engine, "buildImage" | "imageExists" | "removeImages"> & {
  /** References of images that carry all of `labels`. */
  listImages(labels: Record<string, string>): Promise<string[]>;
};

export function createImages(exec: DockerExec): Images {
  return {
    buildImage: (request) => buildImage(exec, request),

    async imageExists(reference) {
      try {
        await exec.run(["image", "inspect", "--format", "{{.Id}}", reference]);
        return true;
      } catch (error) {
        if (isNoSuchObject(error)) return false;
        throw error;
      }
    },

    async removeImages(references) {
      for (const reference of references) {
        try {
          await exec.run(["image", "rm", "--force", reference]);
        } catch (error) {
          if (!isNoSuchObject(error)) throw error;
        }
      }
    },

    async listImages(labels) {
      const filters = Object.entries(labels).flatMap(([name, value]) => [
        "--filter",
        `label=${name}=${value}`,
      ]);
      const output = await exec.run(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", ...filters]);
      return output.split("\n").filter((line) => line !== "" && !line.includes("<none>"));
    },
  };
}

/**
 * Builds and tags. Rejects with BUILD_FAILED, whose sentence names the cause and whose `details` have `class`, `hint`,
 * `step` and the last lines as `log`; with BUILD_TIMEOUT, DISK_FULL or ENGINE_UNAVAILABLE; or with the signal's reason.
 */
async function buildImage(exec: DockerExec, request: BuildRequest): Promise<BuiltImage> {
  const redact = redactor();
  const progress = createBuildProgress({ onEvent: request.onEvent ?? (() => undefined), redact });
  const scratch = await mkdtemp(join(tmpdir(), "oken-build-"));
  const metadataFile = join(scratch, "metadata.json");
  try {
    const output = exec.stream(buildArgs(request, { metadataFile }), {
      timeoutMs: request.timeoutMs,
      signal: request.signal,
    });
    for await (const chunk of output) progress.feed(chunk.text);
    progress.end();
    return { imageId: imageIdOf(await readFile(metadataFile, "utf8")) };
  } catch (error) {
    progress.end();
    throw translate(error, request, progress);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function translate(
  error: unknown,
  request: BuildRequest,
  progress: ReturnType<typeof createBuildProgress>,
): unknown {
  if (request.signal?.aborted || !(error instanceof RunnerError)) return error;
  if (error.details?.["reason"] === "timeout") {
    const seconds = Math.round(request.timeoutMs / 1000);
    const step = progress.steps().findLast(({ completed }) => !completed);
    return new RunnerError(
      "BUILD_TIMEOUT",
      `The build did not finish within ${seconds} s${step === undefined ? "" : `; it was at: ${step.name}`}.`,
      { details: { class: "timeout", step: step?.name ?? "", log: step?.tail.slice(-40).join("\n") ?? "" } },
    );
  }
  if (error.code === "ENGINE_UNAVAILABLE") return error;
  return buildFailure({ steps: progress.steps(), text: progress.text() });
}

function imageIdOf(metadata: string): string {
  const parsed: unknown = JSON.parse(metadata);
  if (typeof parsed === "object" && parsed !== null) {
    const value: unknown = Reflect.get(parsed, "containerimage.config.digest");
    if (typeof value === "string") return value;
  }
  throw new RunnerError("CONTAINER_ERROR", "docker buildx build did not say which image it made.");
}
