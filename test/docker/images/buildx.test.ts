import { expect, test } from "bun:test";

import { createBuildx } from "../../../src/docker/images/buildx.ts";
import { createFactsReader } from "../../../src/docker/engine-facts.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { RunnerError } from "../../../src/lib/errors.ts";

/** A CLI that answers `docker info` with this, and counts how often. */
function cli(answer: () => string) {
  const asked: string[][] = [];
  const exec: DockerExec = {
    async run(args) {
      asked.push(args);
      return answer();
    },
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  return { asked, buildx: createBuildx(createFactsReader(exec)) };
}

/** Keeps buildx from running git in what was uploaded. */
const ENVIRONMENT = { BUILDX_GIT_INFO: "false" };

const plugins = (path: string) =>
  `${JSON.stringify([{ Name: "compose" }, { Name: "buildx", Path: path }])}\ncgroupfs\nrunc\n2\n`;

test("a build runs the plugin that the CLI names, and asks the CLI once", async () => {
  const { asked, buildx } = cli(() => plugins(import.meta.path));
  const expected = { program: import.meta.path, args: ["build", "."], env: ENVIRONMENT };
  expect(await buildx.command(["build", "."])).toEqual(expected);
  expect(await buildx.command(["build", "."])).toEqual(expected);
  expect(asked).toHaveLength(1);
});

test("when the plugin is gone, the build goes through the CLI, and the next one asks again", async () => {
  const { asked, buildx } = cli(() => plugins("/nowhere/docker-buildx"));
  expect(await buildx.command(["build", "."])).toEqual({ args: ["buildx", "build", "."], env: ENVIRONMENT });
  await buildx.command(["build", "."]);
  expect(asked).toHaveLength(2);
});

test.each([
  ["names no buildx", () => "[]"],
  ["names no plugins", () => "null"],
  [
    "fails",
    () => {
      throw new RunnerError("ENGINE_UNAVAILABLE", "no");
    },
  ],
])("a build goes through a CLI that %s", async (_, answer) => {
  const { buildx } = cli(answer);
  expect(await buildx.command(["build", "."])).toEqual({ args: ["buildx", "build", "."], env: ENVIRONMENT });
});
