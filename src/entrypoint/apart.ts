import { stat } from "node:fs/promises";
import { join } from "node:path";

import { KiB } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { fromFailure } from "../lib/failure.ts";
import { createTurns } from "../lib/turns.ts";
import { listTree } from "../python/inventory.ts";
import type { FromReader, ToReader } from "./apart-messages.ts";
import { type Detection, type DetectOptions, detectEntrypoint } from "./detect.ts";
import { refuse } from "./refuse.ts";

/** Bytes of Python that are read in the main thread: in 20 ms, and in less than a second if they are made to be slow. */
const LITTLE = 64 * KiB;

/** Threads at once: each has the grammar, and with it 30 to 50 MiB. */
const MAX_THREADS = 2;

/** How long one may take, milliseconds, besides what Python itself is asked. A large project takes two seconds. */
const MAX_MS = 60_000;

/** Reads an upload's Python as `detectEntrypoint` does. `signal` ends that. */
export type Detect = (options: DetectOptions, signal: AbortSignal) => Promise<Detection>;

/**
 * Reads large uploads in threads of their own: what is made to be slow takes seconds, for which no call would be
 * answered. Nothing is left of a thread, whatever it has read.
 */
export function createDetect(clock: Pick<Clock, "timer">): Detect {
  const turns = createTurns(MAX_THREADS);
  return async (options, signal) => {
    if (await isLittle(options.tree)) return detectEntrypoint(options);
    const giveBack = await turns.take(signal);
    try {
      return await detectApart(options, { signal, clock });
    } finally {
      giveBack();
    }
  };
}

async function isLittle(tree: string): Promise<boolean> {
  const { modules } = await listTree(tree);
  let bytes = 0;
  for (const path of modules) {
    bytes += (await stat(join(tree, path))).size;
    if (bytes > LITTLE) return false;
  }
  return true;
}

async function detectApart(
  { tree, manifest, compile }: DetectOptions,
  { signal, clock }: { signal: AbortSignal; clock: Pick<Clock, "timer"> },
): Promise<Detection> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Detection>();
  const thread = new Worker(WORKER);
  const wait = () => clock.timer(MAX_MS, () => reject(tooSlow()));
  let isOver = false;
  let cancel = wait();
  const send = (message: ToReader) => thread.postMessage(message);
  const ask = async (source: Uint8Array) => {
    // That may wait for other builds.
    cancel();
    const problem = await compile(source);
    if (isOver) return;
    cancel = wait();
    send({ op: "compiled", problem });
  };
  const onMessage = ({ data }: MessageEvent<FromReader>) => {
    if (data.kind === "detection") resolve(data.detection);
    else if (data.kind === "failure") reject(fromFailure(data.failure));
    else ask(data.source).catch(reject);
  };
  const onAbort = () => reject(signal.reason);
  thread.addEventListener("message", onMessage);
  thread.addEventListener("error", ({ message }) => {
    reject(new Error(`The thread that reads Python crashed: ${message}`));
  });
  signal.addEventListener("abort", onAbort, { once: true });
  send({ op: "detect", tree, manifest });
  try {
    return await promise;
  } finally {
    isOver = true;
    cancel();
    signal.removeEventListener("abort", onAbort);
    thread.terminate();
  }
}

function tooSlow(): Error {
  return refuse("the Python of the upload takes too long to read: leave out what is not the agent's own");
}

/** As in `docker/thread/engine-thread.ts`. */
const WORKER = Bun.main.startsWith("/$bunfs/")
  ? "./entrypoint/apart-worker.ts"
  : new URL("./apart-worker.ts", import.meta.url).href;
