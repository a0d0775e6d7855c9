import { expect, test } from "bun:test";

import { createBuildQueue } from "../../src/build/queue.ts";
import { measuredQueue } from "../../src/build/queue-metrics.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { parsePrometheusText } from "../helpers/prometheus-text.ts";

const never = new AbortController().signal;
const turn = (signal: AbortSignal) => ({ agentId: crypto.randomUUID(), signal, onPlace: () => undefined });

test("builds are counted while they wait and while they run, whichever way they end", async () => {
  const metrics = createMetrics();
  const queue = measuredQueue(
    createBuildQueue({ maxRunning: 1, maxWaiting: 1, clock: createFakeClock() }),
    metrics,
  );
  const builds = async () => {
    const samples = parsePrometheusText(await metrics.text()).get("oken_builds")?.samples;
    return [samples?.get('oken_builds{state="running"}'), samples?.get('oken_builds{state="waiting"}')];
  };
  const leaving = new AbortController();
  const build = Promise.withResolvers<void>();

  expect(await builds()).toEqual([0, 0]);
  const running = queue.run(turn(never), () => build.promise);
  await Promise.resolve();
  const waiting = queue.run(turn(leaving.signal), async () => undefined);
  await expect(queue.run(turn(never), async () => undefined)).rejects.toMatchObject({ code: "OVERLOADED" });
  expect(await builds()).toEqual([1, 1]);

  leaving.abort(new Error("left"));
  await expect(waiting).rejects.toThrow("left");
  expect(await builds()).toEqual([1, 0]);

  build.reject(new Error("failed"));
  await expect(running).rejects.toThrow("failed");
  expect(await builds()).toEqual([0, 0]);
});
