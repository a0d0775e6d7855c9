import { expect, test } from "bun:test";

import { createVolumeSweep } from "../../../src/agents/volumes/volume-sizes.ts";
import { MiB } from "../../../src/lib/bytes.ts";
import { agentParts } from "../../helpers/agent-parts.ts";
import { specOf } from "../../helpers/records.ts";

const never = new AbortController().signal;

/** An agent with a volume of 1 MiB, which exists. */
async function withData(state: "idle" | "paused" | "running") {
  const fixture = agentParts({
    state,
    manifest: { volumes: [{ path: "/data", size: MiB, shared: false }] },
  });
  const { engine, parts } = fixture;
  const volume = { name: parts.names.volume("echo", "/data"), path: "/data", shared: false };
  engine.images.set("oken/echo:v3", {});
  await engine.startContainer({ ...specOf(3), volumes: [volume] });
  return { ...fixture, volume: volume.name, sweep: createVolumeSweep(parts) };
}

test("an agent with more data than its size is not woken, and is told what to do; with less it is", async () => {
  const { pool, agent, engine, clock, volume, sweep } = await withData("idle");
  engine.fill(volume, 3 * MiB);
  await sweep();
  await expect(pool.acquire(agent, never)).rejects.toMatchObject({
    code: "DISK_FULL",
    message:
      "Agent echo is not started: its volume /data holds 3 MiB, and its size is 1 MiB. Deploy it with a larger size in oken.toml, or with code that removes files: a deploy starts it.",
  });
  expect(agent.state).toBe("idle");
  engine.fill(volume, MiB);
  await expect(pool.acquire(agent, never)).rejects.toMatchObject({ code: "DISK_FULL" });
  await clock.advance(5_000);
  expect((await pool.acquire(agent, never)).instance.version.version).toBe(3);
});

test("a paused one that is not woken sleeps, and its container is stopped", async () => {
  const { pool, agent, engine, volume, sweep, parts, stopped } = await withData("paused");
  engine.fill(volume, 3 * MiB);
  await sweep();
  await expect(pool.acquire(agent, never)).rejects.toMatchObject({ code: "DISK_FULL" });
  expect({ state: agent.state, stopped }).toEqual({
    ...{ state: "idle", stopped: [parts.names.container("echo", 3)] },
  });
});

test("one that runs is looked at each minute, one that sleeps once", async () => {
  const { engine, clock, sweep, agent } = await withData("running");
  const looks = () => engine.calls("measureVolumes").length;
  await sweep();
  await sweep();
  expect(looks()).toBe(1);
  await clock.advance(60_000);
  await sweep();
  expect(looks()).toBe(2);
  agent.move({ state: "idle", stopping: Promise.resolve() }, { reason: "a test" });
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(60_000);
    await sweep();
  }
  expect(looks()).toBe(3);
});

test("an agent without a size is not looked at", async () => {
  const { parts, engine } = agentParts({
    state: "running",
    manifest: { volumes: [{ path: "/data", shared: false }] },
  });
  await createVolumeSweep(parts)();
  expect(engine.calls("measureVolumes")).toEqual([]);
});
