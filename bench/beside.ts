import type { TestRunner } from "../test/helpers/runner.ts";
import { type Figures, measure } from "./figures.ts";
import { startHaproxy } from "./haproxy.ts";
import { startNginx } from "./nginx.ts";
import { type Bars, type Row, median } from "./report.ts";
import { type Session, progress } from "./session.ts";

const ROUNDS = 3;

/** Proxies of others, with one worker, in front of the agent's container. */
const NEIGHBOURS = { nginx: startNginx, haproxy: startHaproxy };
type Neighbour = keyof typeof NEIGHBOURS;

type FigureSets = Record<Neighbour | "runner", Figures[]>;

/** One agent, and the path that is asked for on its server and on the runner. */
type Asked = { runner: TestRunner; agentId: string; path: string; publicPath: string };

/** The same load through each proxy and through the runner, in turns. */
export async function measureBeside(
  { runner, agentId, path, publicPath }: Asked,
  { connections, what, signal }: { connections: number; what: string; signal: Session["signal"] },
): Promise<FigureSets> {
  const origin = await originOf(runner, agentId);
  const figures: FigureSets = { nginx: [], haproxy: [], runner: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`${what}, round ${round} of ${ROUNDS}`);
    for (const neighbour of ["nginx", "haproxy"] as const) {
      signal.throwIfAborted();
      // A fresh one each time: the connections that it keeps would use up the agent's file descriptors.
      await using started = await NEIGHBOURS[neighbour](origin);
      figures[neighbour].push(await measure({ url: started.url + path, pid: started.pid }, connections));
    }
    signal.throwIfAborted();
    figures.runner.push(await measure({ url: runner.url + publicPath, pid: runner.pid }, connections));
  }
  return figures;
}

export type Shown = { what: string; field: keyof Figures; unit: Row["unit"]; bars?: Bars };

/** A row of medians for each neighbour. Bars are for nginx alone. */
export function rowsBeside(name: string, figures: FigureSets, shown: Shown[]): Row[] {
  const rowOf = (neighbour: Neighbour, { what, field, unit }: Shown): Row => ({
    name: `${name}, beside ${neighbour}: ${what}`,
    runner: median(figures.runner.map((it) => it[field])),
    beside: median(figures[neighbour].map((it) => it[field])),
    unit,
  });
  return shown.flatMap((it) => [
    { ...rowOf("nginx", it), ...(it.bars && { bars: it.bars }) },
    rowOf("haproxy", it),
  ]);
}

async function originOf(runner: TestRunner, agentId: string): Promise<string> {
  const detail = await runner.request<{ instances: { address: string }[] }>("GET", `/agents/${agentId}`);
  return `http://${detail.body.instances[0]?.address}:8080`;
}
