/** The p99 of an agent's invokes while twenty others are deployed at once, beside that of a quiet time. */
import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { type LoadPlan, runLoad, startLoad } from "./load.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

const DEPLOYS = 20;

/** Rounds of a quiet time and a busy one. The medians count. */
const ROUNDS = 3;
const QUIET_SECONDS = 5;

/** Longer than all deploys take. The load ends with the last of them. */
const BUSY_SECONDS = 120;

const BODY = JSON.stringify({ input: { name: "Ada" } });

const RUNNING = {
  "oken.toml": '[agent]\nname = "Neighbour"\n',
  "main.py": "async def handler(input):\n    return input\n",
};

export async function measureNeighbours({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner());
  const { status, body } = await runner.deploy("neighbour", RUNNING);
  if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
  const load = { url: `${runner.url}/invoke/neighbour`, body: BODY, connections: 1, warmupSeconds: 1 };

  const quiet: number[] = [];
  const busy: number[] = [];

  for (let round = 1; round <= ROUNDS; round += 1) {
    signal.throwIfAborted();
    progress(`neighbours: round ${round} of ${ROUNDS}: invokes while nothing else goes on`);
    quiet.push((await runLoad({ ...load, seconds: QUIET_SECONDS })).p99);
    signal.throwIfAborted();
    progress(`neighbours: round ${round} of ${ROUNDS}: the same while ${DEPLOYS} agents are deployed`);
    busy.push(await p99WhileDeploying(runner, load));
    await removeDeployed(runner);
  }
  return [
    {
      name: `invoke p99, ${DEPLOYS} deploys at once beside quiet`,
      runner: median(busy),
      beside: median(quiet),
      unit: "ms",
      bars: { maxRatio: 2 },
    },
  ];
}

async function p99WhileDeploying(runner: TestRunner, load: Omit<LoadPlan, "seconds">): Promise<number> {
  const startedAt = performance.now();
  const running = startLoad({ ...load, seconds: BUSY_SECONDS });
  const deployed = await Promise.all(Array.from({ length: DEPLOYS }, (_, index) => deployOne(runner, index)));
  running.stop();
  const { p99 } = await running.result;
  const failed = deployed.filter(({ status }) => status !== 200);
  if (failed.length > 0)
    throw new Error(`${failed.length} of ${DEPLOYS} deploys failed: ${failed[0]?.error}`);
  progress(
    `neighbours: all ${DEPLOYS} deploys were done after ${(performance.now() - startedAt).toFixed(0)} ms`,
  );
  return p99;
}

async function removeDeployed(runner: TestRunner): Promise<void> {
  for (let index = 0; index < DEPLOYS; index += 1) await runner.request("DELETE", `/agents/deploy-${index}`);
}

async function deployOne(runner: TestRunner, index: number) {
  const files = {
    "oken.toml": `[agent]\nname = "Deploy ${index}"\n`,
    "requirements.txt": "humanize==4.13.0\n",
    "main.py": `def handler(input):\n    return ${index}\n`,
  };
  const { status, body } = await runner.deploy(`deploy-${index}`, files);
  return { status, error: body.error };
}

if (import.meta.main) await runBenchmarks([measureNeighbours]);
