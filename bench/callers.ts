/** What few and many callers get through the runner, beside nginx with one worker in front of the same container. */
import { startRunner } from "../test/helpers/runner.ts";
import { type Figures, measure } from "./figures.ts";
import { startNginx } from "./nginx.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

const CALLERS = [1, 32, 256, 512];
const ROUNDS = 3;
const AGENT_ID = "echo";

/** Room for every caller: this measures the way to the agent, not the wait for its turn. */
const AGENT = {
  "oken.toml": '[agent]\nname = "Echo"\nconcurrency = 1000\n',
  "main.py": "async def handler(input):\n    return input\n",
};

type Side = "runner" | "nginx";

export async function measureCallers({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner());
  const { status, body } = await runner.deploy(AGENT_ID, AGENT);
  if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
  const detail = await runner.request<{ instances: { address: string }[] }>("GET", `/agents/${AGENT_ID}`);
  const origin = `http://${detail.body.instances[0]?.address}:8080`;
  const target = { url: `${runner.url}/invoke/${AGENT_ID}`, pid: runner.pid };

  const rows: Row[] = [];
  for (const callers of CALLERS) {
    const figures: Record<Side, Figures[]> = { nginx: [], runner: [] };
    for (let round = 1; round <= ROUNDS; round += 1) {
      progress(`callers: ${callers} at a time, round ${round} of ${ROUNDS}`);
      signal.throwIfAborted();
      figures.nginx.push(await measureNginx(origin, callers));
      figures.runner.push(await measure(target, callers));
    }
    rows.push(...rowsOf(callers, figures));
  }
  return rows;
}

/** A fresh nginx each time: the connections that it keeps would use up the agent's file descriptors. */
async function measureNginx(origin: string, callers: number): Promise<Figures> {
  await using nginx = await startNginx(origin);
  return measure({ url: `${nginx.url}/invoke`, pid: nginx.pid }, callers);
}

function rowsOf(callers: number, figures: Record<Side, Figures[]>): Row[] {
  const row = (what: string, field: keyof Figures, unit: Row["unit"]): Row => ({
    name: `${callers} at a time, beside nginx: ${what}`,
    runner: median(figures.runner.map((it) => it[field])),
    beside: median(figures.nginx.map((it) => it[field])),
    unit,
  });
  return [
    row("requests per second", "perSecond", "/s"),
    row("p50", "p50", "ms"),
    row("p99", "p99", "ms"),
    row("CPU time", "cpu", "µs"),
  ];
}

if (import.meta.main) await runBenchmarks([measureCallers]);
