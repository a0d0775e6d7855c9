/** What twenty deploys at once do to the invokes of an agent that runs: its 99th percentile beside the quiet one. */
import { startRunner } from "../test/helpers/runner.ts";
import { runLoad, startLoad } from "./load.ts";
import type { Row } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

const DEPLOYS = 20;
const QUIET_SECONDS = 5;

/** Longer than all deploys take; the load ends with the last of them. */
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

  progress("neighbours: invokes of an agent while nothing else goes on");
  const quiet = await runLoad({ ...load, seconds: QUIET_SECONDS });
  signal.throwIfAborted();

  progress(`neighbours: the same while ${DEPLOYS} agents are deployed`);
  const startedAt = performance.now();
  const busyLoad = startLoad({ ...load, seconds: BUSY_SECONDS });
  const deployed = await Promise.all(Array.from({ length: DEPLOYS }, (_, index) => deployOne(runner, index)));
  busyLoad.stop();
  const busy = await busyLoad.result;
  const failed = deployed.filter(({ status }) => status !== 200);
  if (failed.length > 0)
    throw new Error(`${failed.length} of ${DEPLOYS} deploys failed: ${failed[0]?.error}`);
  progress(
    `neighbours: all ${DEPLOYS} deploys were done after ${Math.max(...deployed.map((it) => it.endedAt - startedAt)).toFixed(0)} ms`,
  );
  return [
    {
      name: `invoke p99, ${DEPLOYS} deploys at once beside quiet`,
      runner: busy.p99,
      beside: quiet.p99,
      unit: "ms",
      bars: { maxRatio: 2 },
    },
  ];
}

async function deployOne(runner: Awaited<ReturnType<typeof startRunner>>, index: number) {
  const files = {
    "oken.toml": `[agent]\nname = "Deploy ${index}"\n`,
    "requirements.txt": "humanize==4.13.0\n",
    "main.py": `def handler(input):\n    return ${index}\n`,
  };
  const { status, body } = await runner.deploy(`deploy-${index}`, files);
  return { status, error: body.error, endedAt: performance.now() };
}

if (import.meta.main) await runBenchmarks([measureNeighbours]);
