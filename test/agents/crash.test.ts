import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";

import { RunnerError } from "../../src/lib/errors.ts";
import { FAIL_POINTS, type FailPoint } from "../../src/lib/fail-points.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { eventually } from "../helpers/eventually.ts";
import { type FakeEngine, createFakeEngine } from "../helpers/fake-engine.ts";
import { type Mortal, type World, startMortal } from "../helpers/mortal-runner.ts";

/** What an agent comes to: the version that serves, or the state in which none does. */
type Outcome = number | "stopped" | "gone";

type Story = {
  /** What was done before, by a runner that lived. */
  before: (runner: Mortal) => Promise<unknown>;
  /** What the runner that dies is doing. */
  act: (runner: Mortal) => Promise<unknown>;
  /** Without it, and with it. */
  outcomes: [Outcome, Outcome];
  /** The version that does not start. */
  broken?: number;
  /** From here on it is done, whatever becomes of the runner. */
  done: FailPoint;
  /** Instances in the end; one unless it says more. */
  running?: number;
};

const STORIES: Record<string, Story> = {
  "a first deploy": {
    before: async () => undefined,
    act: (runner) => runner.deploy("one"),
    outcomes: ["gone", 1],
    done: "commit.written",
  },
  "a redeploy": {
    before: (runner) => runner.deploy("one"),
    act: (runner) => runner.deploy("two"),
    outcomes: [1, 2],
    done: "commit.written",
  },
  "a redeploy of an agent that sleeps, which lets the oldest version go": {
    async before(runner) {
      for (const content of ["one", "two"]) await runner.deploy(content);
      await runner.sleep();
    },
    act: (runner) => runner.deploy("three"),
    outcomes: [2, 3],
    done: "commit.written",
  },
  "a rollback": {
    async before(runner) {
      for (const content of ["one", "two"]) await runner.deploy(content);
    },
    act: (runner) => runner.rollback(),
    outcomes: [2, 1],
    done: "commit.written",
  },
  "a first deploy with a volume": {
    before: async () => undefined,
    act: (runner) => runner.deploy("one", { hasVolume: true }),
    outcomes: ["gone", 1],
    done: "commit.written",
  },
  "a redeploy of an agent with a volume, whose versions come one after the other": {
    before: (runner) => runner.deploy("one", { hasVolume: true }),
    act: (runner) => runner.deploy("two", { hasVolume: true }),
    outcomes: [1, 2],
    done: "commit.written",
  },
  "a redeploy of an agent with a volume that does not start": {
    before: (runner) => runner.deploy("one", { hasVolume: true }),
    act: (runner) => runner.deploy("two", { hasVolume: true }).catch(() => undefined),
    outcomes: [1, 1],
    broken: 2,
    done: "handover.failed",
  },
  "a first deploy with a volume that does not start": {
    before: async () => undefined,
    act: (runner) => runner.deploy("one", { hasVolume: true }).catch(() => undefined),
    outcomes: ["gone", "gone"],
    broken: 1,
    done: "discard.container",
  },
  "a wake": {
    async before(runner) {
      await runner.deploy("one");
      await runner.sleep();
    },
    act: (runner) => runner.invoke(),
    outcomes: [1, 1],
    done: "start.ready",
  },
  "a start of one more instance": {
    before: (runner) => runner.deploy("one", { keys: "concurrency = 1\nmax = 2\n" }),
    act: (runner) => runner.invokeTwice(),
    outcomes: [1, 1],
    done: "replica.ready",
    running: 2,
  },
  "a sleep": {
    before: (runner) => runner.deploy("one"),
    act: (runner) => runner.sleep(),
    outcomes: [1, 1],
    done: "sleep.stopped",
  },
  "a stop": {
    before: (runner) => runner.deploy("one"),
    act: (runner) => runner.stop(),
    outcomes: [1, "stopped"],
    done: "stop.written",
  },
  "a start": {
    async before(runner) {
      await runner.deploy("one");
      await runner.stop();
    },
    act: (runner) => runner.start(),
    outcomes: ["stopped", 1],
    done: "start.written",
  },
  "a removal": {
    before: (runner) => runner.deploy("one"),
    act: (runner) => runner.remove(),
    outcomes: [1, "gone"],
    done: "remove.renamed",
  },
  "a removal, with data": {
    before: (runner) => runner.deploy("one", { hasVolume: true }),
    act: (runner) => runner.remove(),
    outcomes: [1, "gone"],
    done: "remove.renamed",
  },
};

/** How long what a runner does behind its answers may take, milliseconds. */
const SETTLED_MS = 5_000;

/** Without it secrets are on the disk alone. */
const KEY = Buffer.alloc(32, 7);

const tried = new Set<FailPoint>();

describe.each(Object.entries(STORIES))("a runner that is killed in %s", (name, story) => {
  test("leaves what was or what is to be, one of it, and nothing else", async () => {
    const reached = await live(story);
    const steps = new Set(reached);
    expect(reached).toContain(story.done);
    for (const step of steps) {
      // Starts are the same in all stories.
      if (/^(load|reconcile)\./.test(step) && name !== "a redeploy") continue;
      const isDone = reached.indexOf(step) >= reached.indexOf(story.done);
      await dieAt(story, step, { outcome: story.outcomes[isDone ? 1 : 0] });
      tried.add(step);
    }
  });
});

/** In a swarm the record that it keeps decides, which is written before the disk's. */
const KEPT_FIRST: Partial<Record<FailPoint, FailPoint>> = {
  "commit.written": "record.kept",
  "stop.written": "record.kept",
  "start.written": "record.kept",
  "remove.renamed": "remove.dropped",
};

describe.each(Object.entries(STORIES))("in a swarm, a runner that is killed in %s", (name, story) => {
  const done = KEPT_FIRST[story.done] ?? story.done;

  test("leaves what was or what is to be, also where its host is lost", async () => {
    const reached = await live({ ...story, done }, { isMirrored: true });
    expect(reached).toContain(done);
    for (const step of new Set(reached)) {
      const isDone = reached.indexOf(step) >= reached.indexOf(done);
      const outcome = story.outcomes[isDone ? 1 : 0];
      // Where its disk is there, what that has is older than what the swarm keeps, or the same.
      if (/^record\.|^remove\.d/.test(step)) await dieAt(story, step, { outcome, isMirrored: true });
      // Volumes are of one host.
      if (/volume|data/.test(name) || /^(load|reconcile)\./.test(step)) continue;
      // Without its images and its source it can only be removed again.
      if (step === "remove.emptied") continue;
      await dieAt(story, step, { outcome, isMirrored: true, isLost: true });
      tried.add(step);
    }
  });
});

test("every step at which a runner can be killed was tried", () => {
  expect([...tried].sort()).toEqual([...FAIL_POINTS].sort());
});

/** The whole story, without a death. Gives the steps that it comes to. */
async function live(story: Story, { isMirrored = false } = {}): Promise<FailPoint[]> {
  await using world = await createWorld(story, isMirrored);
  const runner = await startMortal(world);
  await story.act(runner);
  await retired(runner);
  // An instance more may be on its way.
  await eventually(() => expect(runner.reached).toContain(story.done), SETTLED_MS);
  await eventually(() => expectTidy(world, runner, story.outcomes[1]), SETTLED_MS);
  const reached = [...runner.reached];
  await expectToServe(world, runner, { ...story, outcome: story.outcomes[1] });
  runner.kill();
  return reached;
}

async function dieAt(
  story: Story,
  step: FailPoint,
  {
    outcome,
    isMirrored = false,
    isLost = false,
  }: { outcome: Outcome; isMirrored?: boolean; isLost?: boolean },
): Promise<void> {
  await using world = await createWorld(story, isMirrored);
  const mortal = await startMortal(world, step);
  // What it does then never ends.
  void story.act(mortal).catch(() => undefined);
  await mortal.died;
  await using elsewhere = await scratchDirectory();
  const after = isLost ? { ...world, directory: elsewhere.path() } : world;
  const next = await startMortal(after);
  try {
    await expectTidy(after, next, outcome);
    await expectToServe(world, next, { ...story, outcome, isLost });
  } catch (error) {
    throw new Error(`killed at ${step}: ${String(error)}`, { cause: error });
  }
  next.kill();
}

/** With what came before. */
async function createWorld({ before, broken }: Story, isMirrored: boolean) {
  const scratch = await scratchDirectory();
  const world = {
    directory: scratch.path(),
    engine: engineThatRefuses(broken),
    isMirrored,
    secretsKey: isMirrored ? KEY : undefined,
  };
  const runner = await startMortal(world);
  await before(runner);
  await retired(runner);
  runner.kill();
  return { ...world, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

function engineThatRefuses(broken: number | undefined): FakeEngine {
  const engine = createFakeEngine();
  return {
    ...engine,
    async startContainer(spec) {
      const started = await engine.startContainer(spec);
      if (spec.identity.version === broken) throw new RunnerError("CONTAINER_ERROR", "it does not start");
      return started;
    },
  };
}

async function retired({ parts }: Mortal): Promise<void> {
  const retirements = parts.registry.find("echo")?.retirements;
  for (const version of retirements?.versions() ?? []) await retirements?.gone(version);
}

async function expectTidy({ directory, engine }: World, runner: Mortal, outcome: Outcome): Promise<void> {
  const { registry, store } = runner.parts;
  const agent = registry.find("echo");
  const known = agent?.versions.map(({ image }) => image) ?? [];
  const current = agent?.record.current_version;
  const containers = [...engine.containers.values()];
  const paths = await readdir(directory, { recursive: true });
  expect({
    state: agent === undefined ? "gone" : agent.state === "stopped" ? "stopped" : "serves",
    agents: await store.listAgents(),
    versions: (await store.listVersions("echo")).sort((one, other) => one - other),
    // Of an agent whose removal was cut off they are built again.
    strayImages: [...engine.images.keys()].filter((image) => !known.includes(image)),
    strayContainers: containers
      .filter(({ spec }) => spec.identity.version !== current)
      .map(({ name }) => name),
    strayFiles: paths.filter((path) => /\.tmp$|\/build$|^(?:staging|removed)\/./.test(path)),
    // An agent that is there has its data, and no other.
    volumes: (await engine.listVolumes()).map(({ agentId }) => agentId),
  }).toEqual({
    state: typeof outcome === "number" ? "serves" : outcome,
    agents: agent === undefined ? [] : ["echo"],
    versions: agent?.record.versions ?? [],
    ...{ strayImages: [], strayContainers: [], strayFiles: [] },
    volumes: (agent?.record.volumes ?? []).map(() => "echo"),
  });
}

async function expectToServe(
  { engine }: World,
  runner: Mortal,
  { outcome, running: expected = 1, isLost }: Pick<Story, "running"> & { outcome: Outcome; isLost?: boolean },
): Promise<void> {
  const running = () => [...engine.containers.values()].filter((it) => it.running).length;
  if (outcome === "stopped") expect(running()).toBe(0);
  if (typeof outcome !== "number") return;
  expect({ version: await runner.invoke(), running: running() }).toEqual({
    version: outcome,
    running: expected,
  });
  if (!isLost) expect(await runner.source(outcome)).toContain(["one", "two", "three"][outcome - 1] ?? "");
}
