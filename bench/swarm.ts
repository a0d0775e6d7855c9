/** Agents on the nodes of a swarm, beside the same on one engine: wakes, redeploys and invokes. */
import { eventually } from "../test/helpers/eventually.ts";
import { startLab } from "../test/helpers/lab.ts";
import { importBase, startLabRunner } from "../test/helpers/lab-runner.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

/** Rounds that count, unless the command line says how many. One more runs first. */
const ROUNDS = Number(process.argv[2] ?? 9);

/** Invokes of a round, one after another. */
const INVOKES = 100;

/** Longest wait until an agent sleeps, milliseconds: the host may be busy. */
const SLEEP_TIMEOUT_MS = 60_000;

const AGENT = "steady";

/** An empty setting counts as not set. */
const ONE_ENGINE = { OKEN_BACKEND: "docker", OKEN_REGISTRY: "" };

const files = (answer: number, keys = "") => ({
  "oken.toml": `name = "Steady"\n${keys}`,
  "main.py": `def handler(input):\n    return ${answer}\n`,
});

type Client = Awaited<ReturnType<typeof startLabRunner>>["client"];
type Side = "swarm" | "oneEngine";
type Figures = Record<Side, number[]>;
type Sides = Record<Side, Client>;

export async function measureSwarm({ stack, signal }: Session): Promise<Row[]> {
  progress("swarm: bringing up a lab of three engines");
  const lab = stack.use(await startLab());
  await importBase(lab);
  // Its agents are then on other hosts than the runner.
  await lab.on("n1", ["node", "update", "--availability", "drain", "n1"]);
  const swarm = stack.use(await startLabRunner(lab, { OKEN_CLEANUP_INTERVAL: "0.05" }));
  const one = stack.use(await startLabRunner(lab, { OKEN_CLEANUP_INTERVAL: "0.05", ...ONE_ENGINE }));
  const sides: Sides = { swarm: swarm.client, oneEngine: one.client };
  for (const client of Object.values(sides)) await deploy(client, 0);

  const redeploys = await measureBoth("redeploys", sides, signal, (client, round) =>
    timed(() => deploy(client, round + 1)),
  );
  const invokes = await measureBoth("invokes", sides, signal, async (client) => {
    const took: number[] = [];
    for (let count = 0; count < INVOKES; count += 1) took.push(await timed(() => invoke(client)));
    return median(took);
  });
  for (const client of Object.values(sides)) await deploy(client, 0, "warm_timeout = 1\n");
  const wakes = await measureBoth("wakes", sides, signal, async (client) => {
    await eventually(async () => {
      const { body } = await client.request("GET", `/agents/${AGENT}`);
      if (body["status"] !== "idle") throw new Error(`the agent is ${String(body["status"])}`);
    }, SLEEP_TIMEOUT_MS);
    return timed(() => invoke(client));
  });
  return [
    rowOf("wake, to the answer", wakes, 2.2),
    rowOf("code-only redeploy", redeploys, 2),
    rowOf("invoke p50, one at a time", invokes, 1.3),
  ];
}

/** Each side in each round, in an order that changes. */
async function measureBoth(
  what: string,
  sides: Sides,
  signal: AbortSignal,
  measure: (client: Client, round: number) => Promise<number>,
): Promise<Figures> {
  const figures: Figures = { swarm: [], oneEngine: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(`swarm: ${what}, round ${round} of ${ROUNDS}`);
    const order = round % 2 === 0 ? (["swarm", "oneEngine"] as const) : (["oneEngine", "swarm"] as const);
    for (const side of order) {
      signal.throwIfAborted();
      const figure = await measure(sides[side], round);
      if (round > 0) figures[side].push(figure);
    }
  }
  return figures;
}

async function deploy(client: Client, answer: number, keys = ""): Promise<void> {
  const { status, body } = await client.deploy(AGENT, files(answer, keys));
  if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
}

async function invoke(client: Client): Promise<void> {
  const { status, body } = await client.invoke(AGENT);
  if (status !== 200) throw new Error(`the invoke failed: ${body.error}`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function rowOf(name: string, { swarm, oneEngine }: Figures, maxRatio: number): Row {
  return { name, runner: median(swarm), beside: median(oneEngine), unit: "ms", bars: { maxRatio } };
}

if (import.meta.main) await runBenchmarks([measureSwarm]);
