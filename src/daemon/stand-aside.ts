import { watchCallable } from "../agents/ownership/callable.ts";
import { canConnect } from "../lib/can-connect.ts";
import type { Log } from "../lib/log.ts";
import type { ClaimedEngine } from "./engine.ts";
import type { Meanwhile } from "./meanwhile.ts";
import type { Patience } from "./until-answered.ts";

/** How long a node may take to accept a connection, milliseconds: nodes are near each other. */
const CONNECT_MS = 3_000;

const connects = (at: { host: string; port: number }) => canConnect(at, CONNECT_MS);

type Options = {
  docker: Pick<ClaimedEngine, "engine" | "attain">;
  meanwhile: Pick<Meanwhile, "onFlaw">;
  patience: Patience;
  log: Log;
};

/** Waits until no other runner of the swarm has the agents, and looks meanwhile whether this host could call them. */
export async function standAside({ docker, meanwhile, patience, log }: Options): Promise<void> {
  const { engine, attain } = docker;
  const over = new AbortController();
  if (engine.can.failOver)
    void watchCallable(
      { engine, clock: patience.clock, log, connects },
      { onFound: meanwhile.onFlaw, signal: over.signal },
    );
  await attain(patience).finally(() => over.abort());
}
