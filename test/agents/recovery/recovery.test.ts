import { describe, expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { reconcile } from "../../../src/agents/recovery/reconcile.ts";
import { loadAgents } from "../../../src/agents/recovery/load-agents.ts";
import { recoverEngine } from "../../../src/agents/recovery/recover-engine.ts";
import { createRegistry } from "../../../src/agents/registry.ts";
import { createStore } from "../../../src/agents/store.ts";
import { wake } from "../../../src/agents/sleep/wake.ts";
import { runnerLabels } from "../../../src/docker/labels.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import type { AgentRecord } from "../../../src/model/agent.ts";
import type { Manifest } from "../../../src/model/manifest.ts";
import { type Scratch, scratchDirectory } from "../../fixtures/archives/scratch.ts";
import { agentParts } from "../../helpers/agent-parts.ts";
import { eventually } from "../../helpers/eventually.ts";
import { agentIn, agentRecord, specOf, versionRecord } from "../../helpers/records.ts";

/** A data directory with the agent `echo` of versions 1 to 3, and a runner that starts on it. */
async function runner(
  scratch: Scratch,
  { replicas, ...options }: Partial<Pick<AgentRecord, "desired">> & Pick<Manifest, "replicas"> = {},
) {
  const store = createStore(scratch.path());
  const { parts, engine, clock, made } = agentParts();
  for (const version of [1, 2, 3]) {
    await mkdir(store.versionDir("echo", version), { recursive: true });
    const record = versionRecord(version);
    await store.writeVersion("echo", { ...record, manifest: { ...record.manifest, replicas } });
  }
  await store.writeAgent({ ...agentRecord([1, 2, 3], 3), ...options });
  return { parts: { ...parts, store, registry: createRegistry() }, store, engine, clock, made };
}

/** A container of the agent `echo`, as an earlier run of the runner left it. */
function container(version: number, { name = `oken-echo-v${version}`, spec = `spec-${version}` } = {}) {
  return { ...specOf(version), name, identity: { agentId: "echo", version, spec } };
}

/** So many, in no order; those of `paused` are paused. */
async function startedContainers(
  scratch: Scratch,
  {
    numbers,
    paused = [],
    ...options
  }: Parameters<typeof runner>[1] & { numbers: number[]; paused?: number[] },
) {
  const made = await runner(scratch, options);
  made.engine.images.set("oken/echo:v3", {});
  for (const number of numbers) {
    const spec = container(3, { name: made.parts.names.container("echo", 3, number) });
    const replica = number === 1 ? {} : { replica: number };
    const { id } = await made.engine.startContainer({
      ...spec,
      identity: { ...spec.identity, ...replica },
    });
    if (paused.includes(number)) await made.engine.pauseContainer(id);
  }
  const adopt = async (parts = made.parts) => {
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    const agent = parts.registry.get("echo");
    return {
      state: agent.state,
      serving: agent.serving.map(({ replica }) => replica),
      left: [...made.engine.containers.values()]
        .map(({ spec }) => spec.identity.replica ?? 1)
        .toSorted((one, other) => one - other),
    };
  };
  return { ...made, adopt };
}

describe("what is on disk", () => {
  test("is what the runner knows at its start: who ran sleeps, who was stopped is stopped", async () => {
    await using scratch = await scratchDirectory();
    const { parts, store } = await runner(scratch);
    await store.writeLastInvoked("echo", Date.parse("2026-02-03T04:05:06Z"));
    expect(await loadAgents(parts)).toEqual({ damaged: [] });
    const agent = parts.registry.get("echo");
    expect(agent.versions.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect({ state: agent.state, lastInvoked: agent.lastInvoked }).toEqual({
      state: "idle",
      lastInvoked: Date.parse("2026-02-03T04:05:06Z"),
    });

    await using other = await scratchDirectory();
    const stopped = await runner(other, { desired: "stopped" });
    await loadAgents(stopped.parts);
    expect(stopped.parts.registry.get("echo").state).toBe("stopped");
  });

  test("loses what an unfinished deploy left: its version, its staging, and a first one's whole agent", async () => {
    await using scratch = await scratchDirectory();
    const { parts, store } = await runner(scratch);
    await mkdir(store.versionDir("echo", 4), { recursive: true });
    await mkdir(store.versionDir("newcomer", 1), { recursive: true });
    const staging = await store.createStaging();
    await loadAgents(parts);
    expect((await store.listVersions("echo")).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(await store.listAgents()).toEqual(["echo"]);
    expect(await readdir(staging).catch(() => "gone")).toBe("gone");
  });

  test("that cannot be read is left as it is, and keeps the others down no more than itself", async () => {
    await using scratch = await scratchDirectory();
    const { parts, store } = await runner(scratch);
    await mkdir(store.agentDir("torn"), { recursive: true });
    await writeFile(join(store.agentDir("torn"), "agent.json"), '{"schema": 1');
    expect(await loadAgents(parts)).toEqual({ damaged: ["torn"] });
    expect(parts.registry.all().map(({ id }) => id)).toEqual(["echo"]);
    expect(await store.listAgents()).toContain("torn");
  });
});

describe("what the engine has", () => {
  test("is adopted, if it is the current version's container and runs", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    engine.images.set("oken/echo:v3", {});
    await engine.startContainer(container(3));
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    const agent = parts.registry.get("echo");
    expect({ state: agent.state, version: agent.instance?.version.version }).toEqual({
      state: "running",
      version: 3,
    });
    expect([...engine.containers.keys()]).toEqual(["oken-echo-v3"]);
  });

  test("is adopted as it is, if it is paused", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    engine.images.set("oken/echo:v3", {});
    const { id } = await engine.startContainer(container(3));
    await engine.pauseContainer(id);
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    expect(parts.registry.get("echo").state).toBe("paused");
    expect(engine.containers.get("oken-echo-v3")).toMatchObject({ running: true, paused: true });
  });

  test("is kept for the next wake, if it does not run", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    const name = parts.names.container("echo", 3);
    engine.images.set("oken/echo:v3", {});
    await engine.startContainer(container(3, { name }));
    engine.exit(name, 0);
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    expect(parts.registry.get("echo").state).toBe("idle");
    expect([...engine.containers.keys()]).toEqual([name]);
  });

  test("is removed, if it sleeps under a name that no wake looks for", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    engine.images.set("oken/echo:v3", {});
    await engine.startContainer(container(3, { name: "oken-echo-of-old-v3" }));
    engine.exit("oken-echo-of-old-v3", 0);
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    expect([...engine.containers.keys()]).toEqual([]);
  });

  test("is removed, if it belongs to an earlier version, another spec or an agent that is gone", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    for (const version of [2, 3]) engine.images.set(`oken/echo:v${version}`, {});
    await engine.startContainer(container(2));
    await engine.startContainer(container(3, { spec: "another" }));
    const stranger = { ...container(3, { name: "oken-stranger-v3" }), identity: identityOf("stranger") };
    await engine.startContainer(stranger);
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    expect([...engine.containers.keys()]).toEqual([]);
  });

  test("is left alone, if its agent's record cannot be read", async () => {
    await using scratch = await scratchDirectory();
    const { parts, store, engine } = await runner(scratch);
    await mkdir(store.agentDir("torn"), { recursive: true });
    await writeFile(join(store.agentDir("torn"), "agent.json"), "{}");
    engine.images.set("oken/echo:v3", {});
    const torn = { ...container(3, { name: "oken-torn-v3" }), identity: identityOf("torn") };
    await engine.startContainer(torn);
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    expect([...engine.containers.keys()]).toEqual(["oken-torn-v3"]);
  });

  test("leaves an agent asleep whose container does not answer", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    engine.images.set("oken/echo:v3", {});
    await engine.startContainer(container(3));
    const silent = {
      ...parts,
      instances: {
        ...parts.instances,
        adopt: () => Promise.reject(new RunnerError("AGENT_START_FAILED", "nothing answers")),
      },
    };
    await reconcile(silent, { ...(await loadAgents(silent)), isFirst: true });
    expect(parts.registry.get("echo").state).toBe("idle");
  });

  test("keeps nothing down while the engine is away", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    engine.goAway();
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    expect(parts.registry.get("echo").state).toBe("idle");
  });
});

test("images of versions that are gone are removed, those that a rollback can go to are kept", async () => {
  await using scratch = await scratchDirectory();
  const { parts, engine } = await runner(scratch);
  const images = [1, 2, 3, 4].map((version) => parts.names.image("echo", version));
  for (const image of images) engine.images.set(image, runnerLabels("runner"));
  await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
  expect([...engine.images.keys()]).toEqual(images.slice(0, 3));
});

test("images that cannot be removed now hold up nothing", async () => {
  await using scratch = await scratchDirectory();
  const { parts, engine } = await runner(scratch);
  engine.images.set(parts.names.image("echo", 4), runnerLabels("runner"));
  const away = new RunnerError("ENGINE_UNAVAILABLE", "The registry does not answer.");
  const refusing = { ...parts, engine: { ...engine, removeImages: () => Promise.reject(away) } };
  expect(await reconcile(refusing, { ...(await loadAgents(parts)), isFirst: true })).toBeTrue();
});

function identityOf(agentId: string) {
  return { agentId, version: 3, spec: "spec-3" };
}

describe("several containers of the current version", () => {
  const replicas = { min: 1, max: 3 };

  test("are adopted together, and those beyond `max` removed", async () => {
    await using scratch = await scratchDirectory();
    const { adopt } = await startedContainers(scratch, { numbers: [4, 2, 3, 1], replicas });
    expect(await adopt()).toEqual({ state: "running", serving: [1, 2, 3], left: [1, 2, 3] });
  });

  test("go on without the first one, which had ended", async () => {
    await using scratch = await scratchDirectory();
    const { adopt } = await startedContainers(scratch, { numbers: [3, 2], replicas });
    expect(await adopt()).toEqual({ state: "running", serving: [2, 3], left: [2, 3] });
  });

  test("are one where the agent may have one", async () => {
    await using scratch = await scratchDirectory();
    const { adopt } = await startedContainers(scratch, { numbers: [2, 1] });
    expect(await adopt()).toEqual({ state: "running", serving: [1], left: [1] });
  });

  test("are not adopted where somebody paused them, and others serve", async () => {
    await using scratch = await scratchDirectory();
    const { adopt } = await startedContainers(scratch, { numbers: [1, 2, 3], paused: [1, 3], replicas });
    expect(await adopt()).toEqual({ state: "running", serving: [2], left: [2] });
    await using other = await scratchDirectory();
    const paused = await startedContainers(other, { numbers: [1, 2], paused: [1, 2], replicas });
    expect(await paused.adopt()).toEqual({ state: "paused", serving: [], left: [1] });
  });

  test("that do not answer are left to nobody while another one serves", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine, adopt } = await startedContainers(scratch, { numbers: [1, 2, 3], replicas });
    const { instances } = parts;
    const half: typeof parts = {
      ...parts,
      instances: {
        ...instances,
        adopt: (id, version, found) =>
          found.identity?.replica === 2
            ? instances.adopt(id, version, found)
            : Promise.reject(new RunnerError("AGENT_START_FAILED", "nothing answers")),
        remove: (_, name) => engine.removeContainer(name),
      },
    };
    expect(await adopt(half)).toEqual({ state: "running", serving: [2], left: [2] });
  });

  test("of an agent that was stopped are stopped, and only the first is kept", async () => {
    await using scratch = await scratchDirectory();
    const { adopt } = await startedContainers(scratch, { numbers: [1, 2], desired: "stopped", replicas });
    expect(await adopt()).toEqual({ state: "stopped", serving: [], left: [1] });
  });
});

describe("while it is not known yet what runs", () => {
  test("a call of an agent that runs waits for its adoption, and starts no second container", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    engine.images.set("oken/echo:v3", {});
    await engine.startContainer(container(3, { name: parts.names.container("echo", 3) }));
    const loaded = await loadAgents(parts);
    const woken: string[] = [];
    const called = parts.firstLook.of("echo").then(() => woken.push(parts.registry.get("echo").state));
    await Promise.resolve();
    expect(woken).toEqual([]);
    await reconcile(parts, { ...loaded, isFirst: true });
    await called;
    wake(parts, parts.registry.get("echo"));
    expect({ woken, state: parts.registry.get("echo").state }).toEqual({
      woken: ["running"],
      state: "running",
    });
    expect(engine.calls("startContainer")).toHaveLength(1);
    expect(engine.calls("restartContainer")).toHaveLength(0);
  });

  test("one agent that keeps silent holds up no other", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    engine.images.set("oken/echo:v3", {});
    await engine.startContainer(container(3));
    const silent = Promise.withResolvers<never>();
    const hanging = { ...parts, instances: { ...parts.instances, adopt: () => silent.promise } };
    const reconciling = reconcile(hanging, { ...(await loadAgents(parts)), isFirst: true });
    parts.registry.add(agentIn("idle", { id: "asleep" }));
    await parts.firstLook.of("asleep");
    silent.reject(new RunnerError("AGENT_START_FAILED", "nothing answers"));
    await reconciling;
    await parts.firstLook.of("echo");
  });

  test("a container is removed by its id: one that came under its name meanwhile stays", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine } = await runner(scratch);
    engine.images.set("oken/echo:v3", {});
    const spec = container(3, { name: parts.names.container("echo", 3) });
    await engine.startContainer({ ...spec, identity: { ...spec.identity, spec: "another" } });
    const listed = await engine.listContainers();
    await engine.startContainer(spec);
    const stale = { ...parts, engine: { ...engine, listContainers: async () => listed } };
    await reconcile(stale, { ...(await loadAgents(parts)), isFirst: true });
    expect([...engine.containers.keys()]).toEqual([spec.name]);
  });
});

describe("an engine that was away at the start", () => {
  test("is asked until it is back, and then loses what belongs to nobody", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine, clock } = await runner(scratch);
    for (const version of [2, 3]) engine.images.set(`oken/echo:v${version}`, {});
    engine.images.set("oken/echo:v4", runnerLabels("runner"));
    await engine.startContainer(container(2));
    await engine.startContainer(container(3));
    engine.goAway();
    let begun = 0;
    const recovering = recoverEngine(parts, {
      loaded: await loadAgents(parts),
      clearOrphans: async () => 0,
      cleared: Promise.resolve(0),
      onFirst: () => void (begun += 1),
      signal: new AbortController().signal,
    });
    await clock.advance(5_000);
    expect({ begun, state: parts.registry.get("echo").state }).toEqual({ begun: 1, state: "idle" });
    engine.comeBack();
    await clock.advance(2_000);
    await recovering;
    expect({ begun, state: parts.registry.get("echo").state }).toEqual({ begun: 1, state: "running" });
    expect([...engine.containers.keys()]).toEqual(["oken-echo-v3"]);
    expect([...engine.images.keys()]).toEqual(["oken/echo:v2", "oken/echo:v3"]);
  });

  test("loses nothing that a deploy under way has made", async () => {
    await using scratch = await scratchDirectory();
    const { parts, engine, clock } = await runner(scratch);
    const loaded = await loadAgents(parts);
    const deploying = Promise.withResolvers<void>();
    const deploy = parts.operations.run("fresh", { name: "deploy" }, () => deploying.promise);
    engine.images.set("oken/fresh:v1", runnerLabels("runner"));
    const made = {
      ...container(1, { name: "oken-fresh-v1" }),
      identity: { ...identityOf("fresh"), version: 1 },
    };
    await engine.startContainer({ ...made, image: "oken/fresh:v1" });
    const looking = reconcile(parts, { ...loaded, isFirst: false });
    await clock.advance(0);
    expect([...engine.containers.keys()]).toEqual(["oken-fresh-v1"]);
    deploying.resolve();
    await Promise.all([deploy, looking]);
    // It was never committed.
    expect([...engine.containers.keys()]).toEqual([]);
  });
});

test("a later look leaves containers that are of no agent, but of a build or a probe under way", async () => {
  await using scratch = await scratchDirectory();
  const { parts, engine } = await runner(scratch);
  engine.images.set("oken/echo:v3", {});
  await engine.startContainer(container(3, { name: "oken-probe" }));
  const listContainers = async () =>
    (await engine.listContainers()).map((found) => Object.assign(found, { identity: undefined }));
  const loaded = await loadAgents(parts);
  const anonymous = { ...parts, engine: { ...engine, listContainers } };
  await reconcile(anonymous, { ...loaded, isFirst: false });
  expect([...engine.containers.keys()]).toEqual(["oken-probe"]);
  await reconcile(anonymous, { ...loaded, isFirst: true });
  expect([...engine.containers.keys()]).toEqual([]);
});

test("a command that a crash left is looked after once more when it has ended", async () => {
  await using scratch = await scratchDirectory();
  const { parts, engine, clock } = await runner(scratch);
  const recovering = recoverEngine(parts, {
    loaded: await loadAgents(parts),
    clearOrphans: async () => 0,
    cleared: Promise.resolve(1),
    onFirst: () => undefined,
    signal: new AbortController().signal,
  });
  // The first look is over, and the wait before the next one has begun.
  await eventually(() => expect(clock.pending()).toBe(1));
  engine.images.set("oken/echo:v2", {});
  await engine.startContainer(container(2));
  await clock.advance(10_000);
  await recovering;
  expect([...engine.containers.keys()]).toEqual([]);
});
