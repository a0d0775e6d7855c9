import { expect, test } from "bun:test";

import { tracedWait } from "../../src/build/traced-wait.ts";
import { recordedTracing } from "../helpers/tracing.ts";

test("a build that waits for its turn has one span for that, and any other none", async () => {
  const { tracer, spans } = recordedTracing();
  const building = tracer.receive(new Headers(), "build", {});
  tracedWait(building).end();
  const wait = tracedWait(building);
  wait.begin();
  wait.begin();
  wait.end();
  wait.end();
  expect(await spans()).toMatchObject([{ name: "queue", attributes: { "oken.wait.reason": "build" } }]);
});

test("where nothing is traced, a wait is nothing", () => {
  const wait = tracedWait(undefined);
  wait.begin();
  expect(wait.end()).toBeUndefined();
});
