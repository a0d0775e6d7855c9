import { mkdir, rm } from "node:fs/promises";
import { type Socket, createServer } from "node:net";

import { Value } from "@sinclair/typebox/value";

import type { Clock } from "../../lib/clock.ts";
import { leaveDescriptors } from "../../lib/descriptors.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import { Ask, type Place, Ready, type Uses, type Yours } from "./messages.ts";
import { takeoverPaths } from "./paths.ts";
import { type Talk, talkOver } from "./talk.ts";

/** A new runner has this long to be able to serve once it has all. Meanwhile nobody owns the agents. */
const READY_TIMEOUT_MS = 15_000;

/** Pauses between two looks whether work is over, and whether requests have left, milliseconds. */
const LOOK_EVERY_MS = 20;
const REPORT_EVERY_MS = 100;

/** This process, as the runner that may hand over to another. */
export type Incumbent = {
  place: Place;
  /** Begins no work that changes something. Requests for it wait. */
  hold(): void;
  /** What is still at work, in words; undefined if nothing is. */
  work(): string | undefined;
  /** Changes nothing more: requests wait that need more than an agent that runs. */
  suspend(): Promise<void>;
  /** Goes on as if nothing had been. */
  resume(): void;
  /** Of the data directory's lock, and of the socket that it listens on. */
  descriptors(): Promise<{ lock: number | undefined; socket: number | undefined }>;
  yours(): Yours;
  uses(): Uses;
  /** Another process is the runner now, and takes requests at this path. */
  leave(requests: string): Promise<void>;
};

export type IncumbentOptions = {
  dataDir: string;
  clock: Clock;
  log: Log;
  /** How long work under way may take until it is done. */
  timeoutMs: number;
  /** Whether this process has taken over itself: what lies where processes meet may be needed. */
  hasTakenOver: boolean;
};

/** Ends the wait for another process, unless one has taken over. */
export type Waiting = AsyncDisposable & {
  /** Resolves when another process is the runner, with how to tell it of the requests inside. */
  over: Promise<Talk>;
};

/** Waits for a process that takes over, as often as one fails to. */
export async function awaitSuccessor(incumbent: Incumbent, options: IncumbentOptions): Promise<Waiting> {
  const { directory, meeting } = takeoverPaths(options.dataDir);
  if (!options.hasTakenOver) await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await rm(meeting, { force: true });
  const over = Promise.withResolvers<Talk>();
  let isAsked = false;
  const receive = async (talk: Talk) => {
    if (isAsked) {
      talk.send({ refused: "another process takes over from it already" });
      return;
    }
    isAsked = true;
    if (await handOver(incumbent, talk, { ...options, close })) return over.resolve(talk);
    talk[Symbol.dispose]();
    isAsked = false;
  };
  const server = createServer((socket: Socket) => void receive(talkOver(socket)));
  const close = async () => {
    if (!server.listening) return;
    server.close();
    await rm(meeting, { force: true });
  };
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(meeting, listening.resolve);
  await listening.promise;
  return { over: over.promise, [Symbol.asyncDispose]: close };
}

/** Rejects never. False if this process goes on. */
async function handOver(
  incumbent: Incumbent,
  talk: Talk,
  { clock, log, timeoutMs, close }: IncumbentOptions & { close: () => Promise<void> },
): Promise<boolean> {
  try {
    const ask = await talk.next();
    if (!Value.Check(Ask, ask)) return false;
    log.info("another process takes over");
    incumbent.hold();
    await untilDone(incumbent, { talk, clock, timeoutMs });
    await incumbent.suspend();
    const isSamePlace = isSame(incumbent.place, ask.place);
    const { lock, socket } = await incumbent.descriptors();
    const left = [lock, isSamePlace ? socket : undefined].filter((fd) => fd !== undefined);
    if (lock === undefined || !(await leaveDescriptors(ask.box, left)))
      throw new Error("the other process does not take its lock");
    talk.send(incumbent.yours());
    const ready = await talk.next(READY_TIMEOUT_MS);
    if (!Value.Check(Ready, ready)) throw new Error("the other process failed");
    await close();
    await incumbent.leave(ready.requests);
    talk.send({ over: true, uses: incumbent.uses() });
    return true;
  } catch (error) {
    log.warn({ reason: messageOf(error) }, "the other process did not take over: this one goes on");
    talk.send({ refused: messageOf(error) });
    incumbent.resume();
    return false;
  }
}

type Doing = { talk: Talk; clock: Clock; timeoutMs: number };

async function untilDone(incumbent: Incumbent, { talk, clock, timeoutMs }: Doing): Promise<void> {
  const deadline = clock.monotonic() + timeoutMs;
  const left = new AbortController();
  void talk.ended.then(() => left.abort(new Error("the other process has ended")));
  for (let work = incumbent.work(); work !== undefined; work = incumbent.work()) {
    if (clock.monotonic() > deadline) throw new Error(work);
    await clock.sleep(LOOK_EVERY_MS, left.signal);
  }
  left.signal.throwIfAborted();
}

/** Tells the new runner what is left inside, until nothing is, `timeoutMs` are over or it has gone. */
export async function reportUses(
  talk: Talk,
  { uses, isOver, clock }: { uses: () => Uses; isOver: () => boolean; clock: Clock },
): Promise<void> {
  let told = "";
  while (!isOver()) {
    const message = { uses: uses() };
    const text = JSON.stringify(message);
    if (text !== told) talk.send(message);
    told = text;
    await clock.sleep(REPORT_EVERY_MS);
  }
  talk[Symbol.dispose]();
}

function isSame(one: Place, other: Place): boolean {
  if (one.socket !== undefined || other.socket !== undefined) return one.socket === other.socket;
  return one.host === other.host && (other.port === 0 || one.port === other.port);
}
