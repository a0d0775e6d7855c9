import { expect, test } from "bun:test";

import { noSuchImage } from "../../../src/docker/errors.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { createPushedImages } from "../../../src/docker/swarm/pushed-images.ts";

import { createFakeClock } from "../../helpers/fake-clock.ts";

const PREFIX = "registry.lan:5000/team";
const REPOSITORY = `${PREFIX}/oken/echo`;
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** A host with these images and their digests, and a registry with these tags. Both say what they were asked. */
function images({
  here = {},
  there = {},
  removes = true,
}: {
  here?: Record<string, string[]>;
  there?: Record<string, string>;
  removes?: boolean;
}) {
  const asked: string[] = [];
  const clock = createFakeClock();
  const exec: DockerExec = {
    async run(args) {
      const reference = args.at(-1) ?? "";
      asked.push(`engine ${args.slice(0, 2).join(" ")}`);
      const digests = here[reference];
      if (digests === undefined) throw noSuchImage(reference);
      return JSON.stringify(digests);
    },
    async *stream(args) {
      asked.push(`engine ${args[0]}`);
      await Promise.resolve();
      yield { stream: "stdout", text: `v1: digest: ${digest("f")} size: 528\n` };
    },
    close: async () => undefined,
  };
  const pushed = createPushedImages({
    exec,
    prefix: PREFIX,
    clock,
    images: {
      buildImage: () => Promise.reject(new Error("nothing is built")),
      imageExists: async (reference) => reference in here,
      removeImages: async ([reference]) => void asked.push(`engine removes ${reference}`),
    },
    client: {
      async digestOf({ tag }) {
        asked.push(`registry ${tag}`);
        return there[tag];
      },
      tagsBeside: async () => Object.keys(there),
      async remove(_, removed) {
        asked.push(`registry removes ${removed.slice(0, 10)}`);
        return removes;
      },
      removes: async () => removes,
    },
  });
  return { asked, pushed, clock };
}

test("this host's engine is asked for a digest before the registry, once", async () => {
  const others = [`registry.lan:5000/oken/echo@${digest("e")}`, `${REPOSITORY}@${digest("a")}`];
  const { asked, pushed } = images({ here: { [`${REPOSITORY}:v1`]: others }, there: { v2: digest("b") } });
  for (let round = 0; round < 2; round += 1) {
    expect(await pushed.resolve(`${REPOSITORY}:v1`)).toBe(`${REPOSITORY}@${digest("a")}`);
    expect(await pushed.resolve(`${REPOSITORY}:v2`)).toBe(`${REPOSITORY}@${digest("b")}`);
  }
  expect(asked).toEqual(["engine image inspect", "engine image inspect", "registry v2"]);
});

test("an image that was built and never pushed is pushed when it is to run", async () => {
  const { asked, pushed } = images({ here: { [`${REPOSITORY}:v1`]: [] } });
  expect(await pushed.resolve(`${REPOSITORY}:v1`)).toBe(`${REPOSITORY}@${digest("f")}`);
  expect(asked).toEqual(["engine image inspect", "engine push"]);
});

test("images that are not the agents' are the engine's alone", async () => {
  const { asked, pushed } = images({});
  expect(await pushed.resolve("python:3.12")).toBe("python:3.12");
  expect(await pushed.imageExists("python:3.12")).toBeFalse();
  await pushed.removeImages(["python:3.12"]);
  expect(asked).toEqual(["engine removes python:3.12"]);
});

test("what a registry says that it has is pushed again when a node could not have it: a layer may be lost", async () => {
  const [one, two] = [`${REPOSITORY}:v1`, `${REPOSITORY}:v2`];
  const there = { v1: digest("f"), v2: digest("b") };
  const { asked, pushed } = images({ here: { [one]: [`${REPOSITORY}@${digest("f")}`] }, there });
  expect(await pushed.provide(one)).toBe(`${REPOSITORY}@${digest("f")}`);
  expect(asked).toEqual(["registry v1", "engine push"]);
  expect(await pushed.provide(two)).toBeUndefined();
});

test("a registry that removes nothing is asked for it once an hour", async () => {
  const there = { v1: digest("a"), v2: digest("b") };
  const { asked, pushed, clock } = images({ there, removes: false });
  await pushed.removeImages([`${REPOSITORY}:v1`, `${REPOSITORY}:v2`]);
  expect(asked).toEqual([
    ...["engine image inspect", "registry v1", "registry v2", `registry removes ${digest("a").slice(0, 10)}`],
    `engine removes ${REPOSITORY}:v1`,
    ...["engine image inspect", `engine removes ${REPOSITORY}:v2`],
  ]);
  // Somebody may have logged in since.
  await clock.advance(3_600_000);
  await pushed.removeImages([`${REPOSITORY}:v2`]);
  expect(asked).toContain(`registry removes ${digest("b").slice(0, 10)}`);
});
