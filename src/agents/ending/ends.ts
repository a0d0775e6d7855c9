import type { EngineEvent } from "../../docker/types.ts";
import type { Instance, InstanceEnd } from "../../instance/instance.ts";
import { STOP_GRACE_SECONDS } from "../../lib/agent-container.ts";
import type { Clock } from "../../lib/clock.ts";
import { KILLED } from "../../lib/exit-words.ts";

/**
 * How long an end may wait for the rest of its events, milliseconds. A container leaves its network a little before or
 * after it exits, and that it was out of memory may be told after its exit.
 */
const SETTLE_MS = 150;

/** How long after a signal an exit is awaited, milliseconds: what `docker stop` gives a program, and a little more. */
const SIGNAL_HOLDS_MS = STOP_GRACE_SECONDS * 1000 + 2_000;

const SIGKILL = 9;
const SIGTERM = 15;

export type InstanceEvent = Exclude<EngineEvent, { type: "network-removed" | "pause" | "unpause" }>;

export type EndsOptions = {
  clock: Pick<Clock, "timer">;
  /** It is clear why the instance ends. */
  onEnd: (instance: Instance, cause: InstanceEnd) => void;
  /** A signal did not end the instance, which gives slots again. */
  onStay: (instance: Instance) => void;
};

/** Finds out why instances end. The first event that begins an end closes the instance, so that no request runs into it. */
export type Ends = {
  /** Takes an event about the container of `instance`. */
  observe(instance: Instance, event: InstanceEvent): void;
};

export function createEnds(options: EndsOptions): Ends {
  const observed = new WeakMap<Instance, (event: InstanceEvent) => void>();
  return {
    observe(instance, event) {
      const observe = observed.get(instance) ?? createObserver(instance, options);
      observed.set(instance, observe);
      if (instance.ended === undefined) observe(event);
    },
  };
}

function createObserver(instance: Instance, { clock, onEnd, onStay }: EndsOptions) {
  const signs: Signs = {
    signal: undefined,
    isOutOfMemory: false,
    exitCode: undefined,
    lostNode: undefined,
  };
  let cancel: (() => void) | undefined;
  let isEnding = false;

  const settle = () => {
    cancel?.();
    onEnd(instance, causeOf(signs));
  };

  const stay = () => {
    signs.signal = undefined;
    instance.reopen();
    onStay(instance);
  };

  return (event: InstanceEvent) => {
    if (event.type === "node-lost") signs.lostNode = event.node;
    if (event.type === "oom") signs.isOutOfMemory = true;
    if (event.type === "exit") signs.exitCode = event.exitCode;
    if (event.type === "signal" && [SIGTERM, SIGKILL].includes(event.signal)) {
      signs.signal = event.signal;
      if (isEnding) return;
      instance.close();
      cancel?.();
      cancel = clock.timer(SIGNAL_HOLDS_MS, stay);
    } else if (!isEnding && (event.type === "exit" || event.type === "disconnect")) {
      isEnding = true;
      instance.close();
      cancel?.();
      cancel = clock.timer(SETTLE_MS, settle);
    }
    if (isClear(signs)) settle();
  };
}

/** What the engine has said of one instance. */
type Signs = {
  signal: number | undefined;
  isOutOfMemory: boolean;
  exitCode: number | undefined;
  lostNode: string | undefined;
};

/** Whether no further event can change the cause. */
function isClear({ exitCode, signal, isOutOfMemory, lostNode }: Signs): boolean {
  if (lostNode !== undefined) return true;
  if (exitCode === undefined) return false;
  return exitCode !== KILLED || signal !== undefined || isOutOfMemory;
}

function causeOf({ exitCode, signal, isOutOfMemory, lostNode }: Signs): InstanceEnd {
  if (lostNode !== undefined) return { reason: "node_lost", node: lostNode };
  if (signal !== undefined) return { reason: "stopped", signal };
  if (exitCode === undefined) return { reason: "disconnected" };
  // A child may have been out of memory, and the main process have lived on.
  if (isOutOfMemory && exitCode === KILLED) return { reason: "oom" };
  return { reason: "exited", exitCode };
}
