import { expect, test } from "bun:test";

import { stop } from "../../src/agents/commands.ts";
import { createForgottenSweep } from "../../src/agents/forgotten.ts";
import { runnerLabels } from "../../src/docker/labels.ts";
import { agentParts } from "../helpers/agent-parts.ts";

const HOUR_MS = 60 * 60 * 1000;

/** So long after the ten hours of an agent it is certain that the clock is right, milliseconds. */
const DOUBT_MS = 25 * 60 * 1000;

function fixture(state: "running" | "stopped" = "running") {
  const made = agentParts({ state });
  const { parts, engine, agent } = made;
  const forgotten: number[] = [];
  const secrets = {
    ...parts.secrets,
    forget: async (_: string, version: number) => void forgotten.push(version),
  };
  const removed: string[] = [];
  const store = { ...parts.store, removeAgent: async (id: string) => void removed.push(id) };
  for (const { image } of agent.versions) engine.images.set(image, runnerLabels("runner"));
  const all = { ...parts, secrets, store };
  const sweep = createForgottenSweep(all, { imageTtlMs: HOUR_MS, ttlMs: 10 * HOUR_MS });
  return { ...made, parts: all, sweep, forgotten, removed };
}

test("a stopped agent loses its images after an hour, and all of it, secrets first, after ten", async () => {
  const { parts, engine, clock, sweep, forgotten, removed } = fixture();
  const { registry } = parts;
  await stop(parts, "echo");
  await clock.advance(HOUR_MS - 1);
  await sweep();
  expect(engine.images.size).toBe(3);
  await clock.advance(1);
  await sweep();
  expect(engine.images.size).toBe(0);
  expect(registry.find("echo")).toBeDefined();
  await clock.advance(9 * HOUR_MS);
  await sweep();
  expect(removed).toEqual([]);
  await clock.advance(DOUBT_MS);
  await sweep();
  expect({ forgotten, removed, agent: registry.find("echo") }).toEqual({
    forgotten: [1, 2, 3],
    removed: ["echo"],
    agent: undefined,
  });
});

test("an agent that runs or sleeps is never forgotten", async () => {
  const { clock, engine, removed, sweep } = fixture();
  await clock.advance(1000 * HOUR_MS);
  await sweep();
  expect({ images: engine.images.size, removed }).toEqual({ images: 3, removed: [] });
});

test("a clock that is years ahead for a while, as at a start of the host, costs no agent", async () => {
  const { parts, clock, sweep, removed } = fixture();
  await stop(parts, "echo");
  await sweep();
  let ahead = 0;
  const begun = clock.now();
  clock.now = () => begun + clock.monotonic() + ahead;
  ahead = 1_000_000 * HOUR_MS;
  await sweep();
  await clock.advance(DOUBT_MS - 1);
  await sweep();
  ahead = 0;
  await clock.advance(1);
  await sweep();
  ahead = 1_000_000 * HOUR_MS;
  await sweep();
  expect(removed).toEqual([]);
});

test("of an older record, the time counts from when it was first seen", async () => {
  const { clock, engine, written, removed, sweep } = fixture("stopped");
  await clock.advance(100 * HOUR_MS);
  const seen = new Date(clock.now()).toISOString();
  await sweep();
  expect(written).toMatchObject([{ desired: "stopped", stopped_at: seen }]);
  await sweep();
  expect({ images: engine.images.size, removed, writes: written.length }).toEqual({
    images: 3,
    removed: [],
    writes: 1,
  });
});

test("what the engine refuses is tried again the next time", async () => {
  const { parts, clock, engine } = fixture();
  let isAway = true;
  const refusing = {
    ...engine,
    removeImages: (images: string[]) =>
      isAway ? Promise.reject(new Error("away")) : engine.removeImages(images),
  };
  const options = { imageTtlMs: HOUR_MS, ttlMs: 0 };
  const sweep = createForgottenSweep({ ...parts, engine: refusing }, options);
  await stop(parts, "echo");
  await clock.advance(HOUR_MS);
  await sweep();
  expect(engine.images.size).toBe(3);
  isAway = false;
  await sweep();
  expect(engine.images.size).toBe(0);
});

test("an image that is in the registry alone goes as well", async () => {
  const { parts, clock, engine, sweep } = fixture();
  await stop(parts, "echo");
  await clock.advance(HOUR_MS);
  // As for an image that made room on this host.
  for (const image of engine.images.keys()) engine.images.set(image, {});
  await sweep();
  expect(engine.images.size).toBe(0);
});
