import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";

import { createCpuPressure } from "../../src/lib/cpu-pressure.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";

test("the pressure is the part of the time in which somebody waited for a CPU, since the last question", async () => {
  await using scratch = await scratchDirectory();
  const file = scratch.path("cpu");
  const clock = createFakeClock();
  const pressure = createCpuPressure({ clock, file });
  const waited = (us: number) =>
    writeFile(file, `some avg10=1.53 avg60=4.00 avg300=7.00 total=${us}\nfull avg10=0.00 total=0\n`);
  await waited(9_000_000);
  expect(await pressure()).toBe(0);
  await waited(9_090_000);
  await clock.advance(300);
  expect(await pressure()).toBeCloseTo(0.3);
  await clock.advance(300);
  expect(await pressure()).toBe(0);
});

test("where the kernel does not count it, somebody always waits", async () => {
  expect(await createCpuPressure({ clock: createFakeClock(), file: "/nonexistent/cpu" })()).toBe(1);
});
