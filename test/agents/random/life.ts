import { RunnerError } from "../../../src/lib/errors.ts";
import { type FakeEngine, createFakeEngine } from "../../helpers/fake-engine.ts";
import { type Mortal, type World, startMortal } from "../../helpers/mortal-runner.ts";
import type { Kind } from "./steps.ts";

/** What an agent comes to. Each deploy has content of its own. */
export type Outcome = { state: "gone" } | { state: "serves" | "stopped"; content: string };

/** A runner, or one after the other, and what is known of what was asked of them. */
export type Life = {
  world: World;
  runner: Mortal;
  /** What the last step came to. */
  outcome: Outcome;
  /** Of what kind each content is that was deployed. */
  deployed: Map<string, Kind>;
  /** Paths of the volumes that the agent had before this step. */
  volumes: readonly string[];
  /** Names of the volumes that were removed in this step. */
  removedVolumes: string[];
  /** Whether somebody has asked for the removal of the agent in this step. */
  isRemoval: boolean;
};

/** The memory of an agent that does not start: its container knows it by that. */
export const BROKEN_MEMORY = 64 * 1024 * 1024;

export async function createLife(directory: string): Promise<Life> {
  const removedVolumes: string[] = [];
  const engine = noting(createFakeEngine(), removedVolumes);
  const world: World = {
    directory,
    engine,
    async waitUntilReady({ container }) {
      const found = engine.containers.get(container.name);
      if (found?.running !== true) throw new RunnerError("AGENT_START_FAILED", "its container is gone");
      if (found.spec.memory === BROKEN_MEMORY) throw new RunnerError("AGENT_START_FAILED", "it is broken");
    },
  };
  const runner = await startMortal(world);
  return {
    world,
    runner,
    outcome: { state: "gone" },
    deployed: new Map(),
    volumes: [],
    removedVolumes,
    isRemoval: false,
  };
}

/** A kill -9, and the next runner, which may be killed in its start: then there is one more. */
export async function restart(life: Life, dieAt?: Parameters<typeof startMortal>[1]): Promise<void> {
  life.runner.kill();
  await life.runner.died;
  life.runner = await startMortal(life.world, dieAt);
  if (dieAt === undefined) return;
  life.runner.kill();
  await life.runner.died;
  life.runner = await startMortal(life.world);
}

/** What a version of the agent serves. */
export async function contentOf(runner: Mortal, version: number): Promise<string> {
  const source = await runner.source(version);
  return /content-\d+/.exec(source)?.[0] ?? source;
}

/** What has become of the agent, as the runner has it. */
export async function outcomeOf(runner: Mortal): Promise<Outcome> {
  const agent = runner.parts.registry.find("echo");
  if (agent === undefined) return { state: "gone" };
  const content = await contentOf(runner, agent.record.current_version);
  return { state: agent.record.desired === "stopped" ? "stopped" : "serves", content };
}

function noting(engine: FakeEngine, removed: string[]): FakeEngine {
  return {
    ...engine,
    async removeVolumes(names) {
      await engine.removeVolumes(names);
      removed.push(...names);
    },
  };
}
