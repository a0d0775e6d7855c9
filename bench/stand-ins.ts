/** A runner whose agents are small servers of this machine: many agents without many containers. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { createStore } from "../src/agents/store.ts";
import type { ListedContainer } from "../src/docker/types.ts";
import type { Identity } from "../src/config/identity.ts";
import { type Names, createNames } from "../src/instance/names.ts";
import { eventually } from "../test/helpers/eventually.ts";
import { agentRecord, versionRecord } from "../test/helpers/records.ts";
import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { standInAddress } from "./stand-in-address.ts";
import { createStandInEngine } from "./stand-in-engine.ts";

/** More streams than any of them gets. */
const CONCURRENCY = 100_000;

export type StandIns = {
  /** The compiled binary. It has found the agents at its start, as after a crash. */
  runner: TestRunner;
  agentIds: string[];
};

/** @param stack disposes of all that is started */
export async function startStandIns(count: number, stack: AsyncDisposableStack): Promise<StandIns> {
  const agentIds = Array.from({ length: count }, (_, index) => `stand-in-${index}`);
  await startServers(count, stack);
  const engine = stack.use(await createStandInEngine());
  const runner = stack.use(await startRunner({ PATH: engine.path }));
  await runner.kill("SIGTERM");
  const { runnerId, digestKey }: Identity = await Bun.file(join(runner.dataDir, "runner.json")).json();
  const names = createNames(runnerId, digestKey);
  const containers = await Promise.all(agentIds.map((id, index) => record(runner, { id, index, names })));
  await engine.setContainers(containers, { runnerId, network: runner.network });
  await runner.restart();
  await eventually(async () => {
    const { body } = await runner.request<{ agents_running: number }>("GET", "/health");
    if (body.agents_running !== count) throw new Error(`${body.agents_running} of ${count} stand-ins run`);
  });
  return { runner, agentIds };
}

async function startServers(count: number, stack: AsyncDisposableStack): Promise<void> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "stand-in-server.ts"), String(count)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  stack.defer(async () => {
    child.kill();
    await child.exited;
  });
  const { done } = await child.stdout.getReader().read();
  if (done) throw new Error("the servers of the stand-ins did not start");
}

/** Writes what a deploy would have left on the disk. Returns what it would have left in the engine. */
async function record(
  { dataDir }: TestRunner,
  { id, index, names }: { id: string; index: number; names: Names },
): Promise<ListedContainer> {
  const store = createStore(dataDir);
  const version = versionRecord(1);
  await store.writeAgent({ ...agentRecord([1], 1), agent_id: id });
  await mkdir(store.versionDir(id, version.version), { recursive: true });
  await store.writeVersion(id, {
    ...version,
    manifest: { ...version.manifest, concurrency: CONCURRENCY, warmTimeout: 0 },
    entrypoint: { ...version.entrypoint, type: "http" },
  });
  return {
    id: `${id}-container`,
    name: names.container(id, 1),
    address: standInAddress(index),
    running: true,
    paused: false,
    cpus: version.manifest.cpus,
    identity: { agentId: id, version: 1, spec: version.spec_digest },
  };
}
