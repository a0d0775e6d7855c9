import { expect } from "bun:test";
import { readdir } from "node:fs/promises";

import type { Agent } from "../../../src/agents/agent.ts";
import { settled } from "../../../src/agents/activity.ts";
import type { Mortal } from "../../helpers/mortal-runner.ts";
import { type Life, type Outcome, outcomeOf } from "./life.ts";

/** How long what a runner does behind its answers may take, milliseconds of the real clock. */
const CALM_MS = 20_000;

/** Between two looks, milliseconds of the runner's clock: what has ended is known after less. */
const LOOK_MS = 1_000;

/** Holds what there is against what should be, when nothing is under way any more. */
export async function expectOrder(life: Life, allowed: Outcome[]): Promise<void> {
  await untilCalm(life.runner);
  await patiently(life.runner, async () => {
    const outcome = await outcomeOf(life.runner);
    expect(allowed).toContainEqual(outcome);
    await expectTidy(life);
    life.outcome = outcome;
  });
  life.removedVolumes.length = 0;
  life.isRemoval = false;
  life.volumes = life.runner.parts.registry.find("echo")?.record.volumes ?? [];
}

/** Nothing is on its way. */
export async function untilCalm(runner: Mortal): Promise<void> {
  await patiently(runner, async () => {
    const agent = runner.parts.registry.find("echo");
    expect({
      operations: runner.parts.operations.isBusy(),
      starts: agent?.state === "starting",
      leaving: agent?.retirements.versions() ?? [],
      replicas: (agent?.replicas.all() ?? []).filter(({ state }) => state !== "running"),
    }).toEqual({ operations: false, starts: false, leaving: [], replicas: [] });
    if (agent !== undefined) await settled(agent.activity);
  });
}

/** One version, its data, and nothing that belongs to nobody; what is on disk is what the runner knows. */
async function expectTidy(life: Life): Promise<void> {
  const { runner, world } = life;
  const { engine, directory } = world;
  const { registry, store } = runner.parts;
  const agent = registry.find("echo");
  const volumes = agent?.record.volumes ?? [];
  const images = agent?.versions.map(({ image }) => image) ?? [];
  const versions = agent?.record.versions ?? [];
  const inEngine = (await engine.listVolumes()).map(({ path }) => path);
  const paths = await readdir(directory, { recursive: true });
  expect({
    agents: await store.listAgents(),
    record: await store.readAgent("echo"),
    directories: (await store.listVersions("echo")).sort((one, other) => one - other),
    versions: await Promise.all(versions.map((version) => store.readVersion("echo", version))),
    strayImages: [...engine.images.keys()].filter((image) => !images.includes(image)),
    strayFiles: paths.filter((path) => /\.tmp$|\/build$|^(?:staging|removed)\/./.test(path)),
    // A deploy that was cut off may have made one that the agent has not yet: data goes with its agent alone.
    volumes: inEngine.filter((path) => agent === undefined || volumes.includes(path)).sort(),
    lost: lostVolumes(life),
    containers: containersOf(life),
  }).toEqual({
    agents: agent === undefined ? [] : ["echo"],
    record: agent?.record,
    directories: [...versions],
    versions: [...(agent?.versions ?? [])],
    ...{ strayImages: [], strayFiles: [], lost: [] },
    volumes: [...volumes],
    containers: expectedContainers(agent, life),
  });
}

/** Those of an agent that nobody wanted to remove. There may be new ones of their names. */
function lostVolumes({ volumes, removedVolumes, isRemoval, runner }: Life): string[] {
  if (isRemoval) return [];
  return volumes.filter((path) => removedVolumes.includes(runner.parts.names.volume("echo", path)));
}

type Found = { version: number | undefined; state: "running" | "paused" | "exited" };

/** One that somebody paused by hand beside the first instance stays so, and counts. */
function containersOf({ world, runner }: Life): Found[] {
  const first = runner.parts.registry.find("echo")?.resident?.container.id;
  return [...world.engine.containers.values()].map(({ id, spec, running, paused }) => ({
    version: spec.identity.version,
    state: paused && id === first ? "paused" : running ? "running" : "exited",
  }));
}

/** As many as should be. One that does not run may have been removed by hand. */
function expectedContainers(agent: Agent | undefined, life: Life): Found[] {
  if (agent === undefined) return [];
  const { version, manifest } = agent.currentVersion;
  if (agent.state === "paused") return [{ version, state: "paused" }];
  if (agent.state !== "running") return containersOf(life).length === 0 ? [] : [{ version, state: "exited" }];
  const { min, max } = manifest.replicas ?? { min: 1, max: 1 };
  const count = Math.min(max, Math.max(min, agent.serving.length));
  return Array.from({ length: count }, () => ({ version, state: "running" as const }));
}

/** Again and again, while the runner's clock goes on. After the deadline throws its last error. */
async function patiently(runner: Mortal, check: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + CALM_MS;
  for (;;) {
    await runner.clock.advance(LOOK_MS);
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await Bun.sleep(1);
    }
  }
}
