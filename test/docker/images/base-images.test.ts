import { expect, test } from "bun:test";

import { createBaseImages } from "../../../src/docker/images/base-images.ts";
import { commandError } from "../../../src/docker/errors.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

/** An engine that has these images, with their ids. */
function engine(images: Record<string, string>) {
  const asked: string[][] = [];
  const exec: DockerExec = {
    async run(args) {
      const references = args.slice(args.indexOf("--") + 1);
      asked.push(references);
      const missing = references.find((reference) => images[reference] === undefined);
      if (missing !== undefined) {
        const stderr = `Error response from daemon: No such image: ${missing}`;
        throw commandError(args, { exitCode: 1, code: undefined, stderr, message: undefined });
      }
      return references.map((reference) => `${images[reference]}\n`).join("");
    },
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  return { asked, bases: createBaseImages(exec) };
}

const step = (name: string) => ({ type: "step", name, status: "started" }) as const;

test("one command asks for all images that a record names", async () => {
  const { asked, bases } = engine({ "python:3.12": "sha256:p", "uv:1": "sha256:u" });
  bases.see(step("[base 1/3] FROM python:3.12"));
  bases.see(step("[uvbin 1/1] FROM uv:1"));
  bases.see(step("[base 2/3] WORKDIR /app"));
  bases.see(step("[base 1/3] FROM python:3.12"));
  expect(await bases.known()).toEqual({ "python:3.12": "sha256:p", "uv:1": "sha256:u" });
  expect(asked).toEqual([["python:3.12", "uv:1"]]);
});

test("a digest that the build prints is not asked for", async () => {
  const { asked, bases } = engine({});
  bases.see(step(`[base 1/3] FROM docker.io/library/python:3.12@${DIGEST}`));
  expect(await bases.known()).toEqual({ "docker.io/library/python:3.12": DIGEST });
  expect(asked).toEqual([]);
});

test("an image that is missing in the engine does not hide the others", async () => {
  const { bases } = engine({ "uv:1": "sha256:u" });
  bases.see(step("[base 1/3] FROM scratchpad:1"));
  bases.see(step("[uvbin 1/1] FROM uv:1"));
  expect(await bases.known()).toEqual({ "uv:1": "sha256:u" });
});
