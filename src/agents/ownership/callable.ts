import type { Engine, ListedContainer } from "../../docker/types.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";

/** Pause between two looks, milliseconds. Each starts three short processes. */
const LOOK_EVERY_MS = 60_000;

/** One that has just ended is no reason for doubt: of each node so many are tried. */
const TRIES = 3;

type CallableParts = {
  engine: Pick<Engine, "listContainers">;
  clock: Pick<Clock, "sleep">;
  log: Log;
  /** Whether this host may reach what listens there. */
  connects: (at: { host: string; port: number }) => Promise<boolean>;
};

export type CallableOptions = {
  /** Has the sentence about nodes whose agents this host could not call, undefined when there are none. */
  onFound: (flaw: string | undefined) => void;
  signal: AbortSignal;
};

/**
 * Looks, while another runner has the agents, whether this host could call them on each node: their firewalls let in the
 * managers that there were when their rules were put in. Otherwise nobody would know before this runner takes over. What is
 * found twice is told. Ends when `signal` aborts; never rejects.
 */
export async function watchCallable(
  parts: CallableParts,
  { onFound, signal }: CallableOptions,
): Promise<void> {
  const { clock, log } = parts;
  let doubted: ReadonlySet<string> = new Set();
  let told: string | undefined;
  while (!signal.aborted) {
    // Managers that do not answer are told of elsewhere.
    const closed = await closedNodes(parts).catch(() => undefined);
    if (signal.aborted) return;
    if (closed !== undefined) {
      const flaw = flawOf(closed.filter((node) => doubted.has(node)));
      if (flaw !== told) {
        if (flaw === undefined) log.info("this runner could call the agents on all nodes again");
        else log.error(flaw);
        onFound(flaw);
      }
      told = flaw;
      doubted = new Set(closed);
    }
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

/** The nodes none of whose agents can be reached, by name. */
async function closedNodes({ engine, connects }: CallableParts): Promise<string[]> {
  const running = (await engine.listContainers()).filter((it) => it.running && it.node !== undefined);
  const byNode = Map.groupBy(running, ({ node = "" }) => node);
  const looked = await Promise.all(
    [...byNode].map(async ([node, there]) => {
      const tried = await Promise.all(there.slice(0, TRIES).map(async (it) => connects(placeOf(it))));
      return tried.some(Boolean) ? [] : [node];
    }),
  );
  return looked.flat().sort();
}

/** Where the first of its ports is reached. */
function placeOf({ address, ports = {} }: ListedContainer): { host: string; port: number } {
  return { host: address, port: Object.values(ports)[0] ?? 0 };
}

function flawOf(nodes: readonly string[]): string | undefined {
  if (nodes.length === 0) return undefined;
  return `Were this runner active, it could not call the agents on ${nodes.join(" and ")}, whose firewalls do not know this host as a manager. As root there: oken-runner doctor --node --mend`;
}
