/** Time of an invoke, beside the same request straight to the container, and through a plain proxy. */
import { join } from "node:path";

import { type TestRunner, startRunner } from "../test/helpers/runner.ts";
import { type Figures, type Measured, measure } from "./figures.ts";
import { type Row, median } from "./report.ts";
import { type Session, progress, runBenchmarks } from "./session.ts";

const CONNECTIONS = [1, 32];
const ROUNDS = 3;
const AGENT_ID = "echo";
/** Every connection has a slot: this measures the way to the agent, not the wait for a turn. */
const AGENT = {
  "oken.toml": '[agent]\nname = "Echo"\nconcurrency = 64\n',
  "main.py": "async def handler(input):\n    return input\n",
};

type Side = "runner" | "straight" | "plain proxy";
type Target = Measured & { side: Side };
export async function measureInvokes({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner());
  const { status, body } = await runner.deploy(AGENT_ID, AGENT);
  if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
  const origin = await originOf(runner);
  const proxy = stack.use(await startPlainProxy(origin));
  const targets: Target[] = [
    { side: "straight", url: `${origin}/invoke`, pid: undefined },
    { side: "plain proxy", url: `${proxy.url}/invoke`, pid: proxy.pid },
    { side: "runner", url: `${runner.url}/invoke/${AGENT_ID}`, pid: runner.pid },
  ];

  const rows: Row[] = [];
  for (const connections of CONNECTIONS) {
    const figures: Record<Side, Figures[]> = { straight: [], "plain proxy": [], runner: [] };
    for (let round = 1; round <= ROUNDS; round += 1) {
      progress(`invokes: ${connections} at a time, round ${round} of ${ROUNDS}`);
      for (const target of targets) {
        signal.throwIfAborted();
        figures[target.side].push(await measure(target, connections));
      }
    }
    rows.push(...rowsOf(connections, figures));
  }
  return rows;
}

function rowsOf(connections: number, figures: Record<Side, Figures[]>): Row[] {
  const of = (side: Side, field: keyof Figures) => median(figures[side].map((it) => it[field]));
  const row = (what: string, field: keyof Figures, beside: Side, unit: Row["unit"]): Row => ({
    name: `invoke, ${connections} at a time: ${what}`,
    runner: of("runner", field),
    beside: of(beside, field),
    unit,
  });
  return [
    row("p50, beside straight to the container", "p50", "straight", "ms"),
    row("p99, beside straight to the container", "p99", "straight", "ms"),
    row("requests per second, beside straight to the container", "perSecond", "straight", "/s"),
    row("requests per second, beside a plain proxy", "perSecond", "plain proxy", "/s"),
    row("CPU time, beside a plain proxy", "cpu", "plain proxy", "µs"),
  ];
}

async function originOf(runner: TestRunner): Promise<string> {
  const { body } = await runner.request<{ instances: { address: string }[] }>("GET", `/agents/${AGENT_ID}`);
  return `http://${body.instances[0]?.address}:8080`;
}

async function startPlainProxy(origin: string) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "plain-proxy.ts"), origin], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  return {
    pid: child.pid,
    url: new TextDecoder().decode(value).trim(),
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

if (import.meta.main) await runBenchmarks([measureInvokes]);
