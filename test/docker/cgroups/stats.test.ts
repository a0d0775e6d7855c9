import { expect, test } from "bun:test";

import type { DockerExec } from "../../../src/docker/exec.ts";
import { createStatsSampler } from "../../../src/docker/cgroups/stats.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

/** A docker CLI that answers `docker stats` when it is told to. */
function stats() {
  const clock = createFakeClock();
  const asked: { args: string[]; answer: PromiseWithResolvers<string> }[] = [];
  const exec: DockerExec = {
    run(args) {
      const answer = Promise.withResolvers<string>();
      asked.push({ args, answer });
      return answer.promise;
    },
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  const sampler = createStatsSampler({ exec, clock });
  return {
    clock,
    asked,
    sampler,
    answer: async (text: string) => {
      asked.at(-1)?.answer.resolve(text);
      await clock.advance(0);
    },
  };
}

const line = (id: string, fields: object = {}) =>
  `${JSON.stringify({ ID: id, CPUPerc: "12.50%", MemUsage: "21.5MiB / 512MiB", PIDs: "6", ...fields })}\n`;
const USE = { memoryBytes: 22_544_384, cpuPercent: 12.5, processes: 6 };

test("all containers are sampled together when somebody asks for the first one", async () => {
  const { sampler, asked, answer } = stats();
  expect(asked).toHaveLength(0);
  expect(sampler.latest("a")).toBeUndefined();
  expect(sampler.latest("b")).toBeUndefined();
  expect(asked.map(({ args }) => args)).toEqual([
    ["stats", "--no-stream", "--no-trunc", "--format", "{{json .}}"],
  ]);
  await answer(line("a") + line("b", { PIDs: "9" }));
  expect(sampler.latest("a")).toEqual(USE);
  expect(sampler.latest("b")).toEqual({ ...USE, processes: 9 });
  expect(sampler.latest("c")).toBeUndefined();
});

test("a sample that is not fresh is returned, and replaced", async () => {
  const { sampler, asked, answer, clock } = stats();
  sampler.latest("a");
  await answer(line("a"));
  await clock.advance(4_000);
  expect(sampler.latest("a")).toEqual(USE);
  expect(asked).toHaveLength(1);
  await clock.advance(1_000);
  expect(sampler.latest("a")).toEqual(USE);
  expect(asked).toHaveLength(2);
  await answer(line("a", { PIDs: "7" }));
  expect(sampler.latest("a")).toEqual({ ...USE, processes: 7 });
});

test("an old sample is not returned", async () => {
  const { sampler, answer, clock } = stats();
  sampler.latest("a");
  await answer(line("a"));
  await clock.advance(60_000);
  expect(sampler.latest("a")).toBeUndefined();
});

test("a container that has just stopped has no figures", async () => {
  const { sampler, answer } = stats();
  sampler.latest("a");
  await answer(line("a", { CPUPerc: "--", MemUsage: "-- / --", PIDs: "--" }));
  expect(sampler.latest("a")).toBeUndefined();
});

test("an engine that does not answer is asked again", async () => {
  const { sampler, asked, clock } = stats();
  sampler.latest("a");
  asked[0]?.answer.reject(new Error("away"));
  await clock.advance(0);
  expect(sampler.latest("a")).toBeUndefined();
  expect(asked).toHaveLength(2);
});
