/** What few and many callers get through the runner, beside nginx and haproxy in front of the same program. */
import { startRunner } from "../test/helpers/runner.ts";
import { type Shown, deployTwins, measureBeside, rowsBeside } from "./beside.ts";
import type { Row } from "./report.ts";
import { type Session, runBenchmarks } from "./session.ts";

const CALLERS = [1, 32, 256, 512];
const PATHS = { path: "/invoke", publicPath: "" };

/** Room for every caller: this measures the way to the agent, not the wait for its turn. */
const AGENT = {
  "oken.toml": '[agent]\nname = "Echo"\nconcurrency = 1000\n',
  "main.py": "async def handler(input):\n    return input\n",
};

export async function measureCallers({ stack, signal }: Session): Promise<Row[]> {
  const runner = stack.use(await startRunner());
  const twins = await deployTwins(runner, "echo", AGENT);
  const rows: Row[] = [];
  for (const connections of CALLERS) {
    const what = `${connections} at a time`;
    const figures = await measureBeside(twins, PATHS, { connections, what, signal });
    rows.push(...rowsBeside(what, figures, shownFor(connections)));
  }
  return rows;
}

function shownFor(callers: number): Shown[] {
  const isMany = callers > 32;
  return [
    {
      what: "requests per second",
      field: "perSecond",
      unit: "/s",
      ...(callers > 1 && { bars: { minRatio: isMany ? 0.5 : 0.9 } }),
    },
    { what: "p50", field: "p50", unit: "ms" },
    { what: "p99", field: "p99", unit: "ms", ...(isMany && { bars: { maxRatio: 3 } }) },
    { what: "CPU time", field: "cpu", unit: "µs" },
  ];
}

if (import.meta.main) await runBenchmarks([measureCallers]);
