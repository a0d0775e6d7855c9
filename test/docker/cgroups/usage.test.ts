import { expect, test } from "bun:test";

import type { GroupFigures } from "../../../src/docker/cgroups/container-group.ts";
import { createUsage } from "../../../src/docker/cgroups/usage.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

/** A container that uses a quarter of a CPU, as the kernel counts it. */
function container(sampled?: { memoryBytes: number; cpuPercent: number; processes: number }) {
  const clock = createFakeClock();
  const state = { figures: undefined as GroupFigures | undefined, share: 0.25, restartedAt: 0 };
  const { usage } = createUsage({
    clock,
    groups: {
      read: async () =>
        state.figures && { ...state.figures, cpuMs: (clock.monotonic() - state.restartedAt) * state.share },
    },
    stats: { latest: () => sampled },
  });
  return {
    clock,
    state,
    ask: async () => {
      const asked = usage("abc");
      await clock.advance(25);
      return asked;
    },
  };
}

const FIGURES = { memoryBytes: 1000, cpuMs: 0, processes: 2 };

test("the first answer comes after two looks, a moment apart", async () => {
  const { state, ask } = container();
  state.figures = FIGURES;
  expect(await ask()).toEqual({ memoryBytes: 1000, cpuPercent: 25, processes: 2 });
});

test("a later answer has the CPU use since the one before", async () => {
  const { state, ask, clock } = container();
  state.figures = FIGURES;
  await ask();
  await clock.advance(2_000);
  state.share = 0;
  state.restartedAt = clock.monotonic();
  expect(await ask()).toMatchObject({ cpuPercent: 0 });
});

test("answers in quick succession have the same CPU use and the current memory", async () => {
  const { state, ask, clock } = container();
  state.figures = FIGURES;
  await ask();
  state.figures = { ...FIGURES, memoryBytes: 2000 };
  await clock.advance(500);
  expect(await ask()).toEqual({ memoryBytes: 2000, cpuPercent: 25, processes: 2 });
});

test("the samples are used when the control groups cannot be seen", async () => {
  const sampled = { memoryBytes: 3000, cpuPercent: 5, processes: 3 };
  expect(await container(sampled).ask()).toEqual(sampled);
  expect(await container().ask()).toBeUndefined();
});
