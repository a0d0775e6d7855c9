/** Time until an agent answers that is paused or asleep, beside `docker unpause` or `docker start` and a tight loop. */
import { docker } from "../test/helpers/docker.ts";
import { eventually } from "../test/helpers/eventually.ts";
import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

/** Rounds that count, unless the command line says how many. One more runs first. */
const ROUNDS = Number(process.argv[2] ?? 15);

/** Between two rounds, so that what the last one left to do is done, milliseconds. */
const REST_MS = 500;

/** Longest wait for a pause or a stop, milliseconds: the host may be busy. */
const STATE_TIMEOUT_MS = 60_000;

const HANDLER = "def handler(input):\n    return 1\n";
const files = (more: string) => ({ "oken.toml": `name = "Wake"\n${more}\n`, "main.py": HANDLER });

type Side = "runner" | "beside";
type Figures = Record<Side, number[]>;

/** An agent that the runner wakes, and its twin, which is stopped for the runner and used by hand. */
type Pair = { runner: TestRunner; agentId: string; container: string; twin: string };

async function deployPair(runner: TestRunner, agentId: string, more: string): Promise<Pair> {
  for (const id of [agentId, `${agentId}-twin`]) {
    const { status, body } = await runner.deploy(id, files(more));
    if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
  }
  await runner.request("POST", `/stop/${agentId}-twin`);
  const [container = ""] = await runner.containers(agentId);
  const [twin = ""] = await runner.containers(`${agentId}-twin`);
  return { runner, agentId, container, twin };
}

export async function measureWakes({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner({ OKEN_CLEANUP_INTERVAL: "0.05" }));
  const napper = await deployPair(runner, "napper", "pause_after = 1\nwarm_timeout = 0");
  await docker(["start", napper.twin]);
  await untilAnswered(await addressOf(napper.twin));
  const paused: Figures = { runner: [], beside: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(`wakes: paused, round ${round} of ${ROUNDS}`);
    signal.throwIfAborted();
    await measureBoth(paused, round, {
      runner: () => invokeOnce(napper, "paused"),
      beside: () => unpauseByHand(napper),
    });
  }

  const sleeper = await deployPair(runner, "sleeper", "warm_timeout = 1");
  const asleep: Figures = { runner: [], beside: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(`wakes: asleep, round ${round} of ${ROUNDS}`);
    signal.throwIfAborted();
    await measureBoth(asleep, round, {
      runner: () => invokeOnce(sleeper, "exited"),
      beside: () => startByHand(sleeper),
    });
  }
  return [
    rowOf("invoke of a paused agent, beside `docker unpause` and a request", paused, { maxOver: 60 }),
    rowOf("invoke of a sleeping agent, beside `docker start` and a tight loop", asleep, { maxRatio: 1.15 }),
  ];
}

function rowOf(name: string, { runner, beside }: Figures, bars: Row["bars"]): Row {
  return { name, runner: median(runner), beside: median(beside), unit: "ms", ...(bars && { bars }) };
}

/** Each side once, in an order that changes: neither always finds what the other one has warmed. */
async function measureBoth(
  figures: Figures,
  round: number,
  sides: Record<Side, () => Promise<number>>,
): Promise<void> {
  const order = round % 2 === 0 ? (["beside", "runner"] as const) : (["runner", "beside"] as const);
  for (const side of order) {
    const ms = await sides[side]();
    if (round > 0) figures[side].push(ms);
  }
}

/** Time of an invoke of the agent, once the engine says so of its container. */
async function invokeOnce({ runner, agentId, container }: Pair, state: "paused" | "exited"): Promise<number> {
  await eventually(async () => {
    if ((await stateOf(container)) !== state) throw new Error(`${agentId} is not ${state}`);
  }, STATE_TIMEOUT_MS);
  await Bun.sleep(REST_MS);
  const startedAt = performance.now();
  const { status } = await runner.invoke(agentId);
  const ms = performance.now() - startedAt;
  if (status !== 200) throw new Error(`the invoke was answered ${status}`);
  return ms;
}

async function unpauseByHand({ twin }: Pair): Promise<number> {
  const address = await addressOf(twin);
  await docker(["pause", twin]);
  await Bun.sleep(REST_MS);
  const startedAt = performance.now();
  await docker(["unpause", twin]);
  await untilAnswered(address);
  return performance.now() - startedAt;
}

async function startByHand({ twin }: Pair): Promise<number> {
  await docker(["stop", twin]);
  await Bun.sleep(REST_MS);
  const startedAt = performance.now();
  await docker(["start", twin]);
  await untilAnswered(await addressOf(twin));
  return performance.now() - startedAt;
}

async function stateOf(container: string): Promise<string> {
  return (await docker(["inspect", "--format", "{{.State.Status}}", container])).join("");
}

/** The engine gives another one at each start. */
async function addressOf(container: string): Promise<string> {
  const template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  return (await docker(["inspect", "--format", template, container])).join("");
}

/** Asks again at once until the handler has answered. */
async function untilAnswered(address: string): Promise<void> {
  const request = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"input":{}}',
    proxy: "",
  };
  for (;;) {
    const answer = await fetch(`http://${address}:8080/invoke`, {
      ...request,
      signal: AbortSignal.timeout(5_000),
    }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
  }
}

if (import.meta.main) await runBenchmarks([measureWakes]);
