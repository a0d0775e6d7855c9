/** What 500 agents that sleep cost: memory, a pass of the reaper, the list of them beside a bare Elysia's answer. */
import { mkdir } from "node:fs/promises";

import { Elysia } from "elysia";

import { Agent } from "../src/agents/agent.ts";
import { createIdleSweep } from "../src/agents/sleep/idle.ts";
import { createStore } from "../src/agents/store.ts";
import { agentParts } from "../test/helpers/agent-parts.ts";
import { agentRecord, instanceOf, versionRecord } from "../test/helpers/records.ts";
import { startRunner } from "../test/helpers/runner.ts";
import { residentBytes } from "./memory.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";
import { createStandInEngine } from "./stand-in-engine.ts";

const AGENTS = 500;

/** Starts of each runner, whose memory differs by some MiB from one to the next. */
const STARTS = 5;

/** Until what a start has left is collected, milliseconds. */
const SETTLED_MS = 5_000;

/** Requests and passes that are measured. */
const REPEATS = 101;

const KIB = 1024;

async function measureIdle(session: Session): Promise<Row[]> {
  progress(`${AGENTS} agents that sleep`);
  const { memory, ours, bare } = await measureRunner(session);
  return [
    { name: `memory of each of ${AGENTS} agents that sleep`, runner: memory, unit: "KiB", bars: { max: 20 } },
    { name: `a pass of the reaper over ${AGENTS} agents`, runner: pass(), unit: "ms", bars: { max: 10 } },
    {
      name: `GET /agents with ${AGENTS} agents, beside a bare Elysia with the same answer: p50`,
      ...{ runner: ours, beside: bare, unit: "ms" },
      bars: { max: 20 },
    },
  ];
}

async function measureRunner({ stack, signal }: Session) {
  const engine = stack.use(await createStandInEngine());
  const start = async () => stack.use(await startRunner({ PATH: engine.path }));
  const [empty, full] = [await start(), await start()];
  for (const runner of [empty, full]) await runner.kill("SIGTERM");
  await writeAgents(full.dataDir);
  const held = { empty: [] as number[], full: [] as number[] };
  for (let round = 0; round < STARTS; round += 1) {
    signal.throwIfAborted();
    for (const [name, runner] of [["empty", empty] as const, ["full", full] as const]) {
      await runner.restart();
      await runner.request("GET", "/health");
      await Bun.sleep(SETTLED_MS);
      held[name].push(await residentBytes(runner.pid));
      if (round < STARTS - 1) await runner.kill("SIGTERM");
    }
  }
  const list = await (await fetch(`${full.url}/agents`)).json();
  const bare = new Elysia().get("/agents", () => list).listen({ hostname: "127.0.0.1", port: 0 });
  stack.defer(() => void bare.stop());
  const times = { ours: [] as number[], bare: [] as number[] };
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    times.ours.push(await requestMs(`${full.url}/agents`));
    times.bare.push(await requestMs(`http://127.0.0.1:${bare.server?.port}/agents`));
  }
  return {
    memory: (median(held.full) - median(held.empty)) / AGENTS / KIB,
    ours: median(times.ours),
    bare: median(times.bare),
  };
}

/** What deploys would have left. */
async function writeAgents(dataDir: string): Promise<void> {
  const store = createStore(dataDir);
  for (let index = 0; index < AGENTS; index += 1) {
    const id = `agent-${index}`;
    const version = versionRecord(1);
    await store.writeAgent({ ...agentRecord([1], 1), agent_id: id });
    await mkdir(store.versionDir(id, version.version), { recursive: true });
    await store.writeVersion(id, version);
  }
}

async function requestMs(url: string): Promise<number> {
  const begun = performance.now();
  const response = await fetch(url, { proxy: "" });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return performance.now() - begun;
}

/** Over agents that run and are used, so that it looks at all of each. */
function pass(): number {
  const { parts } = agentParts();
  for (let index = 0; index < AGENTS; index += 1) {
    const version = versionRecord(1);
    const record = { ...agentRecord([1], 1), agent_id: `agent-${index}` };
    const instance = instanceOf(version, { name: `container-${index}`, clock: parts.clock });
    parts.registry.add(
      new Agent({ ...parts, record, versions: [version], activity: { state: "running", instance } }),
    );
  }
  const sweep = createIdleSweep(parts);
  const times = Array.from({ length: REPEATS }, () => {
    const begun = performance.now();
    sweep();
    return performance.now() - begun;
  });
  return median(times);
}

await runBenchmarks([measureIdle]);
