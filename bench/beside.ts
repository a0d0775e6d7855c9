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

/** Two agents with the same files, one for the runner and one for its neighbours. */
export type Twins = { runner: TestRunner; agentId: string; twinId: string };

/** The connections that a proxy keeps to a container would count in the limit of the others. */
export async function deployTwins(
  runner: TestRunner,
  agentId: string,
  files: Record<string, string>,
): Promise<Twins> {
  const twinId = `${agentId}-twin`;
  for (const id of [agentId, twinId]) {
    const { status, body } = await runner.deploy(id, files);
    if (status !== 200) throw new Error(`the deploy failed: ${body.error}`);
  }
  return { runner, agentId, twinId };
}

/** The same load through each proxy and through the runner, in turns. */
export async function measureBeside(
  { runner, agentId, twinId }: Twins,
  { path, publicPath }: { path: string; publicPath: string },
  { connections, what, signal }: { connections: number; what: string; signal: Session["signal"] },
): Promise<FigureSets> {
  const origin = await originOf(runner, twinId);
  const figures: FigureSets = { nginx: [], haproxy: [], runner: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`${what}, round ${round} of ${ROUNDS}`);
    for (const neighbour of ["nginx", "haproxy"] as const) {
      signal.throwIfAborted();
      // A fresh one each time: the twin need not hold the connections of both.
      await using started = await NEIGHBOURS[neighbour](origin);
      figures[neighbour].push(await measure({ url: started.url + path, pid: started.pid }, connections));
    }
    signal.throwIfAborted();
    figures.runner.push(
      await measure({ url: `${runner.url}/invoke/${agentId}${publicPath}`, pid: runner.pid }, connections),
    );
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
