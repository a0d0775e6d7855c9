import type { RunningContainer } from "../docker/types.ts";
import type { Clock } from "../lib/clock.ts";
import { Listeners } from "../lib/listeners.ts";
import type { VersionRecord } from "../model/agent.ts";
import { type Doubt, type Silence, createSilence } from "./silence.ts";

/** Why the requests that are still inside an instance are cut off. */
export type CutOff = "replaced" | "stopped";

/** Why an instance ended. */
export type InstanceEnd =
  | { reason: "exited"; exitCode: number }
  | { reason: "oom" }
  /** By the runner, or by this signal from outside of it. */
  | { reason: "stopped"; signal?: number }
  /** Its container has left the agents' network, so that its address can be another's. */
  | { reason: "disconnected" }
  /** The host that it was on is away. */
  | { reason: "node_lost"; node: string };

/** A container that serves, and the requests inside it. */
export type Instance = {
  readonly version: VersionRecord;
  readonly container: RunningContainer;
  /** `http://address:port` of the agent's server. */
  readonly origin: string;
  /** Its number among the instances of its version. Only the first one's container is kept while the agent sleeps. */
  readonly replica: number;
  /** Whether its container was made for this start, and had not run before. */
  readonly isFresh: boolean;
  /** How often its runtime has replaced the agent's process; undefined when it does not say. */
  restarts(): Promise<number | undefined>;
  /** Requests inside. */
  readonly inFlight: number;
  /** When it was ready, monotonic milliseconds. */
  readonly since: number;
  /** When the last request ended, monotonic milliseconds, or when it was ready. */
  readonly lastUsed: number;
  /** It does not count as unused from now on. */
  touch(): void;
  /** False when it is closed, or as many requests are inside as the agent's `concurrency` allows. */
  hasFreeSlot(): boolean;
  enter(): void;
  leave(): void;
  /** An answer of a request inside has begun, and may last. Returns how to say that it has ended. */
  openAnswer(): () => void;
  /** It has answered a request. */
  answered(): void;
  /** Whether it has ever answered a request. */
  readonly hasAnswered: boolean;
  /** What is known of a program that seems to answer nothing. */
  readonly silence: Silence;
  /** Resolves when no request is inside, or when `signal` aborts. */
  empty(signal: AbortSignal): Promise<void>;
  /** Gives no more slots: its end has begun, or seems to. */
  close(): void;
  /** Whether its end has begun, or seems to. */
  readonly isClosed: boolean;
  /** Gives slots again: its end did not come. */
  reopen(): void;
  /** Its container is gone, or out of reach. Only the first cause counts. */
  end(cause: InstanceEnd): void;
  /** Undefined until it has ended. */
  readonly ended: InstanceEnd | undefined;
  /** `listener` is called when the instance has ended, at once if it has. Returns how to take it back. */
  onEnd(listener: (cause: InstanceEnd) => void): () => void;
  /** `listener` is called when the instance is about to be stopped with requests inside. Returns how to take it back. */
  onCutOff(listener: (why: CutOff) => void): () => void;
  cutOff(why: CutOff): void;
};

export function createInstance(options: {
  version: VersionRecord;
  container: RunningContainer;
  origin: string;
  isFresh: boolean;
  replica?: number | undefined;
  restarts: () => Promise<number | undefined>;
  /** Called when it seems to answer nothing. */
  onSilent: (doubt: Doubt) => void;
  clock: Pick<Clock, "monotonic">;
}): Instance {
  const { version, container, origin, restarts, onSilent, clock } = options;
  const { concurrency, timeout } = version.manifest;
  const cutOffListeners = new Listeners<CutOff>();
  const emptyListeners = new Listeners<void>();
  const endListeners = new Listeners<InstanceEnd>();
  let inFlight = 0;
  let openAnswers = 0;
  let isClosed = false;
  let hasAnswered = false;
  let ended: InstanceEnd | undefined;
  const since = clock.monotonic();
  let lastUsed = since;
  const silence = createSilence({
    clock,
    timeoutMs: timeout * 1000,
    hasOpenAnswers: () => openAnswers > 0,
    onSilent,
  });

  return {
    version,
    container,
    origin,
    isFresh: options.isFresh,
    replica: options.replica ?? 1,
    restarts,
    since,
    get inFlight() {
      return inFlight;
    },
    get lastUsed() {
      return lastUsed;
    },
    get ended() {
      return ended;
    },
    get isClosed() {
      return isClosed;
    },
    touch() {
      lastUsed = clock.monotonic();
    },
    hasFreeSlot: () => !isClosed && inFlight < concurrency,
    enter() {
      inFlight += 1;
    },
    answered() {
      hasAnswered = true;
      silence.broken();
    },
    get hasAnswered() {
      return hasAnswered;
    },
    silence,
    openAnswer() {
      openAnswers += 1;
      return () => void (openAnswers -= 1);
    },
    leave() {
      inFlight -= 1;
      lastUsed = clock.monotonic();
      if (inFlight === 0) emptyListeners.call();
    },
    async empty(signal) {
      if (inFlight === 0 || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const forget = emptyListeners.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      forget();
    },
    close() {
      isClosed = true;
    },
    reopen() {
      isClosed = ended !== undefined;
    },
    end(cause) {
      if (ended !== undefined) return;
      ended = cause;
      isClosed = true;
      endListeners.call(cause);
    },
    onEnd(listener) {
      if (ended === undefined) return endListeners.add(listener);
      listener(ended);
      return () => undefined;
    },
    onCutOff(listener) {
      return cutOffListeners.add(listener);
    },
    cutOff(why) {
      cutOffListeners.call(why);
    },
  };
}
