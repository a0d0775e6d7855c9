/**
 * A swarm whose agents are on the move: invokes at a steady rate over redeploys, rollbacks and drained nodes, of which none
 * may fail; then a node that is unplugged, and a runner that is killed while another one stands by.
 */
import { rm } from "node:fs/promises";

import { eventually } from "../test/helpers/eventually.ts";
import { startLab } from "../test/helpers/lab.ts";
import { importBase, startLabRunner } from "../test/helpers/lab-runner.ts";
import type { AgentDetail } from "../src/model/api-agents.ts";
import type { NodeList } from "../src/model/api-nodes.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";
import { AGENT, PER_SECOND, type Serving, deploy, startInvokes } from "./steady-invokes.ts";

/** Unless the command line says how many. */
const INVOKES = Number(process.argv[2] ?? 29_000);
const UNPLUGS = Number(process.argv[3] ?? 5);

/** After so long, milliseconds, a runner that was started stands by. */
const STANDBY_MS = 5_000;

/** Longest wait for what a busy host does late, milliseconds. */
const PATIENCE_MS = 120_000;

type Lab = Awaited<ReturnType<typeof startLab>>;
type Runner = Awaited<ReturnType<typeof startLabRunner>>;

async function measureMoves({ stack, signal }: Session): Promise<Row[]> {
  progress("moves: bringing up a lab of three engines");
  const lab = stack.use(await startLab());
  await importBase(lab);
  const active = stack.use(await startLabRunner(lab));
  const rows = [...(await overMoves(active, signal)), await unplugged(active, lab, signal)];
  return [...rows, await killed(active, lab, stack)];
}

async function overMoves({ client }: Runner, signal: AbortSignal): Promise<Row[]> {
  const serving: Serving = { now: 1, next: 1 };
  await deploy(client, 1);
  const load = startInvokes(client, serving);
  const done = { redeploys: 0, rollbacks: 0, drains: 0 };
  const serve = async (version: number, change: () => Promise<void>) => {
    serving.next = version;
    await change();
    // What was sent before the answer may still be inside the version before.
    await load.settled();
    serving.now = version;
  };
  try {
    for (let code = 2; load.tally.sent < INVOKES; code += 1) {
      progress(`moves: ${load.tally.sent} of ${INVOKES} invokes`);
      signal.throwIfAborted();
      await serve(code, () => deploy(client, code));
      await drain(client);
      await serve(code - 1, () => post(client, `/rollback/${AGENT}`));
      done.redeploys += 1;
      done.rollbacks += 1;
      done.drains += 1;
    }
  } finally {
    await load.end();
  }
  const { sent, failed, foreign } = load.tally;
  for (const reason of new Set(failed)) progress(`failed: ${reason}`);
  const what = `${done.redeploys} redeploys, ${done.rollbacks} rollbacks and ${done.drains} drains`;
  return [
    { name: `${what}, ${PER_SECOND} invokes a second: sent`, runner: sent, unit: "" },
    { name: "of them failed", runner: failed.length, unit: "", bars: { max: 0 } },
    { name: "of them answered by a third version", runner: foreign, unit: "", bars: { max: 0 } },
  ];
}

/** The node that the agent is on, and back. */
async function drain(client: Runner["client"]): Promise<void> {
  const node = await nodeOf(client);
  await post(client, `/nodes/${node}/drain`);
  await post(client, `/nodes/${node}/activate`);
}

async function unplugged({ client }: Runner, lab: Lab, signal: AbortSignal): Promise<Row> {
  const took: number[] = [];
  // The runner is on the first one.
  await post(client, "/nodes/n1/drain");
  for (let round = 1; round <= UNPLUGS; round += 1) {
    progress(`moves: unplugging a node, ${round} of ${UNPLUGS}`);
    signal.throwIfAborted();
    await invoke(client);
    const node = await nodeOf(client);
    const cutAt = performance.now();
    await lab.unplug(node);
    await eventually(() => invoke(client), PATIENCE_MS);
    took.push(performance.now() - cutAt);
    await lab.plug(node);
    await eventually(async () => {
      const { nodes } = (await client.request<NodeList>("GET", "/nodes")).body;
      if (nodes.some(({ state }) => state !== "ready")) throw new Error("a node is not back");
    }, PATIENCE_MS);
  }
  await post(client, "/nodes/n1/activate");
  return {
    name: "node unplugged to the first answer",
    runner: median(took),
    unit: "ms",
    bars: { max: 6_000 },
  };
}

/** Its disk is lost too, and the one that takes over sees no process of it, as on another host: silence alone tells. */
async function killed({ runner }: Runner, lab: Lab, stack: AsyncDisposableStack): Promise<Row> {
  progress("moves: killing the active runner while another one stands by");
  const standby = startLabRunner(lab, {}, { seesOthers: false });
  await Bun.sleep(STANDBY_MS);
  const killedAt = performance.now();
  await Promise.all([runner.kill("SIGKILL"), rm(runner.dataDir, { recursive: true, force: true })]);
  const { client } = stack.use(await standby);
  await eventually(() => deploy(client, 0), PATIENCE_MS);
  const ms = performance.now() - killedAt;
  return {
    name: "runner and its disk lost to the first deploy",
    runner: ms,
    unit: "ms",
    bars: { max: 20_000 },
  };
}

async function invoke(client: Runner["client"]): Promise<void> {
  const { status, body } = await client.invoke(AGENT, 0, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (status !== 200) throw new Error(`the invoke failed: ${body.error}`);
}

async function nodeOf(client: Runner["client"]): Promise<string> {
  const { instances } = (await client.request<AgentDetail>("GET", `/agents/${AGENT}`)).body;
  return instances[0]?.node ?? "none";
}

async function post(client: Runner["client"], path: string): Promise<void> {
  const { status, body } = await client.request<{ error?: string }>("POST", path);
  if (status !== 200) throw new Error(`POST ${path} failed: ${body.error}`);
}

if (import.meta.main) await runBenchmarks([measureMoves]);
