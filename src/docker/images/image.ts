import { readFile, rm } from "node:fs/promises";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { RunnerError } from "../../lib/errors.ts";
import { undefinedIfMissing } from "../../lib/files.ts";
import { parseJson } from "../../lib/json.ts";
import * as args from "./image-args.ts";
import { createBaseImages } from "./base-images.ts";
import { buildArgs, exportArgs } from "./build-args.ts";
import { buildFailure } from "./build-failure.ts";
import { type Buildx, createBuildx } from "./buildx.ts";
import { type FactsReader, canFilterCalls, createFactsReader } from "../engine-facts.ts";
import { isNoSuchObject, isNotInRegistry } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { createBuildProgress } from "./progress.ts";
import type { BuildProgress } from "./progress.ts";
import { redactor } from "./redact.ts";
import { linesOf } from "../lines.ts";
import type { BuildEvent, BuildRequest, BuildWatch, BuiltImage, Engine } from "../types.ts";
import type { Sandbox } from "../wheels/wheel-args.ts";
import { buildWheels } from "../wheels/wheels.ts";

/** How long a registry may take to answer, milliseconds. */
const REGISTRY_TIMEOUT_MS = 10_000;

/** How long a build may take to print its first record, milliseconds: it comes as soon as the engine answers. */
const SILENCE_MS = 30_000;

/** What a build says of its image. */
const Metadata = Type.Object({ "containerimage.config.digest": Type.String() });

type Images = Pick<
  Engine,
  | "buildImage"
  | "exportStage"
  | "buildWheels"
  | "platform"
  | "imageExists"
  | "imageInRegistry"
  | "removeImages"
> & {
  /** The references of images that have all of `labels`. */
  listImages(labels: Record<string, string>): Promise<string[]>;
};

type Tools = { exec: DockerExec; buildx: Buildx };

const ENGINES_OWN: Sandbox = { runtime: undefined, seccomp: undefined };

/** `sandbox` is for packages that are built from source. */
export function createImages(
  exec: DockerExec,
  facts: FactsReader = createFactsReader(exec),
  sandbox = ENGINES_OWN,
): Images {
  const tools = { exec, buildx: createBuildx(facts) };
  return {
    buildImage: (request) => buildImage(tools, request),
    exportStage: (request) => run(tools, exportArgs(request), request),
    async buildWheels(request) {
      const seccomp = (await canFilterCalls(facts)) ? sandbox.seccomp : undefined;
      const parts = { exec, buildImage: (image: BuildRequest) => buildImage(tools, image) };
      await buildWheels({ ...parts, sandbox: { ...sandbox, seccomp } }, request);
    },

    async platform() {
      const { platform, failure } = await facts.read();
      if (platform !== undefined) return platform;
      throw (
        failure ?? new RunnerError("ENGINE_UNAVAILABLE", "Docker does not say which platform it builds for.")
      );
    },

    async imageExists(reference) {
      try {
        await exec.run(args.imageIdsArgs([reference]));
        return true;
      } catch (error) {
        if (isNoSuchObject(error)) return false;
        throw error;
      }
    },

    imageInRegistry: (reference) => imageInRegistry(tools, reference),

    async removeImages(references) {
      for (const reference of references) {
        try {
          await exec.run(args.imageRemoveArgs([reference]));
        } catch (error) {
          if (!isNoSuchObject(error)) throw error;
        }
      }
    },

    async listImages(labels) {
      const output = await exec.run(args.imageListArgs(labels));
      return linesOf(output).filter((line) => !line.includes("<none>"));
    },
  };
}

/**
 * Builds and tags an image. Rejects with the signal's reason, with BUILD_TIMEOUT, DISK_FULL or ENGINE_UNAVAILABLE, or
 * with BUILD_FAILED. That names the cause, and its `details` have `class`, `hint`, `step` and the last lines as `log`.
 */
async function buildImage(tools: Tools, request: BuildRequest): Promise<BuiltImage> {
  // Beside it, where a crash leaves nothing for long.
  const metadataFile = `${request.inputs.dockerfile}.${Bun.randomUUIDv7()}.json`;
  try {
    const bases = createBaseImages(tools.exec);
    const onEvent = (event: BuildEvent) => {
      bases.see(event);
      request.onEvent?.(event);
    };
    const { timeoutMs, signal } = request;
    await run(tools, buildArgs(request, metadataFile), { timeoutMs, signal, onEvent });
    const imageId = imageIdOf(await readFile(metadataFile, "utf8").catch(undefinedIfMissing));
    return { imageId, bases: await bases.known() };
  } finally {
    await rm(metadataFile, { force: true });
  }
}

async function imageInRegistry({ exec, buildx }: Tools, reference: string): Promise<boolean> {
  const { args: argv, ...how } = await buildx.command(args.registryImageArgs(reference));
  try {
    await exec.run(argv, { ...how, timeoutMs: REGISTRY_TIMEOUT_MS });
    return true;
  } catch (error) {
    if (isNotInRegistry(error)) return false;
    throw error;
  }
}

async function run({ exec, buildx }: Tools, buildArgv: string[], watch: BuildWatch): Promise<void> {
  const progress = createBuildProgress({ onEvent: watch.onEvent ?? (() => undefined), redact: redactor() });
  try {
    const { args: argv, ...how } = await buildx.command(buildArgv);
    const { timeoutMs, signal } = watch;
    const output = exec.stream(argv, { ...how, timeoutMs, silenceMs: SILENCE_MS, signal });
    for await (const chunk of output) progress.feed(chunk.text);
    progress.end();
  } catch (error) {
    progress.end();
    throw translate(error, watch, progress);
  }
}

function translate(error: unknown, watch: BuildWatch, progress: BuildProgress): unknown {
  if (watch.signal?.aborted || !(error instanceof RunnerError)) return error;
  if (error.details?.["reason"] === "timeout") {
    const seconds = Math.round(watch.timeoutMs / 1000);
    // The steps that were running ended when the build was stopped.
    const step = progress
      .steps()
      .findLast(
        ({ started, completed, error }) => started && (!completed || error?.includes("context canceled")),
      );
    return new RunnerError("BUILD_TIMEOUT", `The build did not finish within ${seconds} s.`, {
      details: { class: "timeout", step: step?.name ?? "", log: step?.tail.slice(-40).join("\n") ?? "" },
    });
  }
  if (error.code === "ENGINE_UNAVAILABLE") return error;
  return buildFailure({ steps: progress.steps(), text: progress.text() });
}

function imageIdOf(metadata: string | undefined): string {
  const parsed = parseJson(metadata ?? "");
  if (Value.Check(Metadata, parsed)) return parsed["containerimage.config.digest"];
  throw new RunnerError(
    "ENGINE_UNAVAILABLE",
    "docker buildx build ended without a word of the image that it made: look at the docker on the runner's PATH.",
  );
}
