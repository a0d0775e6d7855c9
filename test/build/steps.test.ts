import { expect, test } from "bun:test";

import { createStepLog } from "../../src/build/steps.ts";
import type { BuildEvent } from "../../src/docker/types.ts";

const RESOLVE = "[resolve 2/2] RUN --mount=type=bind uv lock";

test.each([
  ["resolving was cached", RESOLVE, "cached", true],
  ["resolving was done anew", RESOLVE, "done", false],
  ["another step was cached", "[deps 2/3] RUN uv sync", "cached", false],
] as const)("a build where %s", (_, name, status, isCached) => {
  const log = createStepLog(() => undefined);
  log.onEvent({ type: "step", name, status });
  expect(log.isCached("resolve")).toBe(isCached);
});

test("steps come in words for people, and contexts that are read do not come", () => {
  const events: BuildEvent[] = [];
  const log = createStepLog((event) => events.push(event));
  log.onEvent({ type: "step", name: "[context oken-deps] load", status: "done" });
  log.onEvent({ type: "step", name: RESOLVE, status: "done" });
  log.onEvent({ type: "log", line: "Resolved 2 packages" });
  expect(events).toEqual([
    { type: "step", name: "resolve the dependencies", status: "done" },
    { type: "log", line: "Resolved 2 packages" },
  ]);
});
