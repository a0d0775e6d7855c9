import { rm } from "node:fs/promises";

import type { Ownership } from "../../agents/ownership/ownership.ts";
import type { AgentParts } from "../../agents/parts.ts";
import { adoptRunning } from "../../agents/recovery/reconcile.ts";
import type { Config } from "../../config/load.ts";
import type { Log } from "../../lib/log.ts";
import { waitAtMost } from "../../lib/wait-at-most.ts";
import type { Listener } from "../../server/listening/listen.ts";
import { serveForPredecessor } from "../../server/listening/successor.ts";
import type { Uses } from "./messages.ts";
import { takeoverPaths } from "./paths.ts";
import type { Inheritance, Predecessor } from "./predecessor.ts";

/** How long the engine may take to say what runs, and agents to answer, milliseconds. Calls of the rest wait later. */
const ADOPTION_TIMEOUT_MS = 5_000;

type Successor = {
  config: Pick<Config, "dataDir" | "maxInvokeBytes">;
  listener: Listener;
  ownership: Ownership;
  parts: AgentParts;
  log: Log;
};

/** What is done for the runner before. Disposing of it ends that. */
export type Attending = AsyncDisposable & {
  /** Whether that one still has something to do. */
  readonly isNeeded: boolean;
};

/** Becomes the runner of the data directory. */
export async function succeed(
  before: Predecessor,
  { uses, pid }: Inheritance,
  { config, listener, ownership, parts, log }: Successor,
): Promise<Attending> {
  const { requests } = takeoverPaths(config.dataDir);
  parts.inherited.set(uses);
  const server = serveForPredecessor(requests, listener.gate, { maxMessageBytes: config.maxInvokeBytes });
  await using failed = new AsyncDisposableStack();
  failed.defer(async () => {
    await server[Symbol.asyncDispose]();
    await rm(requests, { force: true });
  });
  // Read from the engine, which is changed later: those that run have their calls answered from the first moment.
  // What does not answer is removed, which waits until this process owns it.
  const adopted = parts.engine.listContainers().then((found) => adoptRunning(parts, found));
  await waitAtMost(
    ADOPTION_TIMEOUT_MS,
    adopted.catch(() => undefined),
    parts.clock,
  );
  parts.inherited.set(await before.succeed(requests));
  await listener.inherit();
  ownership.resume();
  log.info({ pid }, "took over from the runner before");
  let isNeeded = true;
  const onLeft = (left: Uses) => parts.inherited.set(left);
  const attend = async () => {
    await before.attend(onLeft);
    isNeeded = false;
    log.info({ pid }, "the runner before has ended");
  };
  void attend();
  const serving = failed.move();
  return {
    get isNeeded() {
      return isNeeded;
    },
    [Symbol.asyncDispose]: () => serving.disposeAsync(),
  };
}
