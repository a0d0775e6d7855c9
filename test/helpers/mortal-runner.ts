import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { remove, start, stop } from "../../src/agents/commands.ts";
import { deploy } from "../../src/agents/deploy/deploy.ts";
import { createHistory } from "../../src/agents/deploy/history.ts";
import { createFirstLook } from "../../src/agents/recovery/first-look.ts";
import { createInheritedUses } from "../../src/agents/calls/inherited-uses.ts";
import { createIdleSweep } from "../../src/agents/sleep/idle.ts";
import { watchEngine } from "../../src/agents/watches/engine-watch.ts";
import { mirroredStore } from "../../src/agents/mirror/mirrored-store.ts";
import { takeRecords } from "../../src/agents/mirror/take-records.ts";
import { createOperations } from "../../src/agents/operations.ts";
import type { AgentParts } from "../../src/agents/parts.ts";
import { createPool } from "../../src/agents/calls/pool.ts";
import { reconcile } from "../../src/agents/recovery/reconcile.ts";
import { createTidy } from "../../src/agents/recovery/tidy.ts";
import { loadAgents } from "../../src/agents/recovery/load-agents.ts";
import { createScaler } from "../../src/agents/scaling/scaler.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import { rollback } from "../../src/agents/rollback.ts";
import { createSecretFiles } from "../../src/agents/secrets/files.ts";
import { createStore } from "../../src/agents/store.ts";
import { createUserIds } from "../../src/agents/user-ids.ts";
import { wake } from "../../src/agents/sleep/wake.ts";
import { runnerLabels } from "../../src/docker/labels.ts";
import { createInstances } from "../../src/instance/instances.ts";
import type { WaitUntilReady } from "../../src/instance/readiness.ts";
import type { FailPoint } from "../../src/lib/fail-points.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../../src/upload/archive/limits.ts";
import { createBudget } from "../../src/upload/budget.ts";
import { createDiskFloor } from "../../src/upload/disk-floor.ts";
import { agentParts } from "./agent-parts.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { MANIFEST_DEFAULTS } from "./manifest.ts";
import { NEVER, createMortality } from "./mortality.ts";
import { tarball } from "./tarball.ts";

/** What outlives a runner. */
export type World = {
  directory: string;
  engine: FakeEngine;
  /** By default each container is ready at once. */
  waitUntilReady?: WaitUntilReady;
  /** The engine keeps the records too. */
  isMirrored?: boolean;
  /** Secrets are encrypted with it. */
  secretsKey?: Buffer | undefined;
};

/** Two: the current version and the one before. */
const KEPT_VERSIONS = 2;

const VOLUME = '[[volumes]]\npath = "/data"\n';

/**
 * A runner in this process, real but for the engine, its builds and the readiness of its agents. At `dieAt` it dies:
 * nothing that it has begun has any effect from then on, and the next one starts in the same world.
 */
export async function startMortal(world: World, dieAt?: FailPoint) {
  const { directory, engine, waitUntilReady } = world;
  const { parts: fakes, clock } = agentParts();
  const reached: FailPoint[] = [];
  const surprises = new Map<FailPoint, () => void | Promise<void>>();
  const { mortal, kill, died, isDead, stuck } = createMortality();

  const reach = (point: FailPoint) => {
    if (isDead()) return NEVER;
    reached.push(point);
    if (point === dieAt) kill();
    const surprise = surprises.get(point);
    surprises.delete(point);
    const over = surprise?.();
    return isDead() ? NEVER : Promise.resolve(over);
  };
  const reachInStore = (point: FailPoint) => {
    const going = reach(point);
    if (isDead()) stuck();
    return going;
  };

  const registry = createRegistry();
  const { names } = fakes;
  const disk = createStore(directory, reachInStore);
  // It dies with the disk.
  const mirror = world.isMirrored
    ? await takeRecords({ engine, store: createStore(directory), log: fakes.log }, { isOwn: true })
    : undefined;
  const store = mortal(mirror === undefined ? disk : mirroredStore(disk, mirror, reachInStore));
  const versionDir = (agentId: string, version: number) => store.versionDir(agentId, version);
  const keys = world.secretsKey === undefined ? [] : [world.secretsKey];
  const secrets = mortal(
    createSecretFiles({ versionDir, keys, mountDir: join(directory, "mounted"), mirror }),
  );
  const own = mortal(engine);
  const gate = Promise.withResolvers<void>();
  const parts: AgentParts = {
    ...fakes,
    ...{ registry, store, secrets, reach, engine: own, history: mortal(createHistory(directory)) },
    builder: {
      ...fakes.builder,
      async build({ version: { image } }) {
        const inputs = { dockerfile: "", context: "", contexts: [], buildArgs: {}, secretFiles: {} };
        const labels = runnerLabels("runner");
        const built = await own.buildImage({ tag: image, labels, inputs, timeoutMs: 1_000 });
        return { ...built, dependencyStyle: "none", resolutionKey: "key", warnings: [] };
      },
    },
    instances: createInstances({
      engine: own,
      spec: {
        names,
        files: { ...secrets, passwdPath: (agentId, version) => store.passwdPath(agentId, version) },
        containerPort: 8080,
        redactLogs: false,
        logRate: 0,
      },
      waitUntilReady: waitUntilReady ?? (() => Promise.resolve()),
      runtime: { askRestarts: () => Promise.resolve(0), tellDoubt: () => Promise.resolve() },
      healthCheckTimeoutMs: 1_000,
      cpuBoost: {
        begin: () => ({ ready: () => undefined, failed: () => undefined }),
        limit: () => undefined,
      },
      ...{ clock, log: fakes.log },
    }),
    operations: createOperations(gate.promise),
    userIds: createUserIds({ engine: own, registry, runnerId: "runner", range: undefined }),
    firstLook: createFirstLook(),
    inherited: createInheritedUses(),
    keepVersions: KEPT_VERSIONS,
  };
  const scaler = createScaler(parts, { closing: new AbortController().signal });
  const pool = createPool({
    ...{ clock, metrics: fakes.metrics, maxQueue: 10, queueTimeoutMs: 60_000 },
    wake: (agent) => void parts.firstLook.of(agent.id).then(() => wake(parts, agent)),
    waits: (agent) => scaler.attend(agent),
  });
  const options = {
    archiveLimits: DEFAULT_ARCHIVE_LIMITS,
    diskFloor: createDiskFloor({ directory, floorBytes: 0 }),
    budget: createBudget(2 ** 30),
    manifestDefaults: MANIFEST_DEFAULTS,
    digestKey: "a key",
  };

  const acquire = async (signal = new AbortController().signal) => pool.acquire(registry.get("echo"), signal);

  // Its stream is no call, and ends with the runner.
  const heard = { ...own, events: () => engine.events({ signal: died.signal }) };
  const keeper = { attend: () => undefined };
  const tidy = createTidy(parts, { damaged: [], signal: died.signal });
  void watchEngine({ ...parts, engine: heard, keeper, onBack: () => void tidy() }, died.signal);
  const sweep = createIdleSweep(parts);

  const boot = async () => {
    await reconcile(parts, { ...(await loadAgents(parts)), isFirst: true });
    gate.resolve();
  };
  await Promise.race([boot(), died.promise]);

  return {
    parts,
    clock,
    reached,
    died: died.promise,
    kill,
    /** What happens when a step is reached for the next time. */
    surprises,
    acquire,
    async deploy(content: string, { hasVolume = false, keys = "" } = {}) {
      const archivePath = join(directory, `upload-${content}.tar.gz`);
      const main = `def handler(input):\n    return ${JSON.stringify(content)}\n`;
      await writeFile(
        archivePath,
        await tarball({
          "oken.toml": `[agent]
name = "Echo"
${keys}${hasVolume ? VOLUME : ""}`,
          "main.py": main,
        }),
      );
      const sent = { values: { KEY: content }, keepOthers: false };
      return deploy({ ...parts, pool }, options, { agentId: "echo", archivePath, secrets: sent });
    },
    /** Has a call answered. Gives the version that did. */
    async invoke() {
      const slot = await acquire();
      slot.release();
      return slot.instance.version.version;
    },
    /** Has two calls inside at a time, for which an agent may need one instance more. */
    async invokeTwice() {
      const first = await acquire();
      const second = acquire();
      // The queue has waited for as long as a start takes.
      await clock.advance(1_000);
      first.release();
      (await second).release();
    },
    /** So long nobody has used it. */
    async unused(ms: number) {
      await clock.advance(ms);
      sweep();
      scaler.sweep();
    },
    async sleep() {
      await clock.advance(301_000);
      sweep();
      const { activity } = registry.get("echo");
      if (activity.state === "idle") await activity.stopping;
    },
    rollback: () => rollback(parts, "echo"),
    stop: () => stop(parts, "echo"),
    start: () => start(parts, "echo"),
    remove: () => remove(parts, "echo"),
    source: async (version: number) => {
      const record = await store.readVersion("echo", version);
      return readFile(join(store.treeDir("echo", record), "main.py"), "utf8");
    },
  };
}

export type Mortal = Awaited<ReturnType<typeof startMortal>>;
