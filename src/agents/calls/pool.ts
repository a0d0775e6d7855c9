import type { Instance } from "../../instance/instance.ts";
import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { type Span, failureOf } from "../../tracing/span.ts";
import type { Agent } from "../agent.ts";
import { requireWakeable } from "./not-running.ts";
import type { Waiter } from "./queue.ts";

/** A slot in a running instance. */
export type TakenSlot = {
  readonly instance: Instance;
  /** When the slot was given, monotonic milliseconds. */
  readonly since: number;
  /** How much of the wait before was for the agent's start, milliseconds. */
  readonly startMs: number;
  /** From now on the caller decides how long it lasts, as with a WebSocket. It no longer counts in the agent's pace. */
  openEnded(): void;
  /** May be called more than once. */
  release(): void;
};

export type Pool = {
  /** A slot: at once, after a wait for its turn, or when the agent has started. A wait is a span below `parent`. */
  acquire(agent: Agent, signal: AbortSignal, parent?: Span): TakenSlot | Promise<TakenSlot>;
};

export type PoolOptions = {
  clock: Clock;
  metrics: Pick<Metrics, "invokeWait">;
  /** Most invokes that wait for one agent. */
  maxQueue: number;
  /** Longest wait for a slot of an agent that runs. */
  queueTimeoutMs: number;
  /** Starts an agent that sleeps; the invokes that come meanwhile share the start. Never throws. */
  wake(agent: Agent, parent: Span | undefined): void;
  /** An invoke waits for its turn in an agent that runs. Never throws. */
  waits?(agent: Agent): void;
};

export function createPool(options: PoolOptions): Pool {
  const { clock, metrics, maxQueue, queueTimeoutMs } = options;

  function wait(agent: Agent, signal: AbortSignal, parent: Span | undefined): Promise<TakenSlot> {
    const { queue } = agent;
    if (queue.length >= maxQueue) throw busy(agent, `its queue of ${maxQueue} is full`);
    const startedAt = clock.monotonic();
    const reason = agent.state === "running" ? "turn" : "start";
    const span = parent?.child("queue", { attributes: { "oken.wait.reason": reason } });
    let startMs = 0;
    const started = () => {
      if (reason === "start" && startMs === 0) startMs = clock.monotonic() - startedAt;
    };
    return new Promise<TakenSlot>((resolve, reject) => {
      const settle = () => {
        metrics.invokeWait.observe({ reason }, (clock.monotonic() - startedAt) / 1000);
        cancelTimer();
        signal.removeEventListener("abort", onAbort);
        queue.remove(waiter);
        span?.end();
      };
      const waiter: Waiter = {
        since: startedAt,
        grant(instance) {
          started();
          settle();
          resolve(takeSlot(agent, { instance, startMs }, clock));
        },
        passedOver: started,
        refuse(error) {
          span?.fail(failureOf(error));
          settle();
          reject(error);
        },
      };
      const onAbort = () => {
        settle();
        reject(signal.reason);
      };
      // A start has a deadline of its own; this one is for a turn in an agent that runs.
      const onTimeout = () => {
        if (agent.state === "starting") cancelTimer = clock.timer(queueTimeoutMs, onTimeout);
        else waiter.refuse(busy(agent, `no turn came within ${queueTimeoutMs / 1000} s`));
      };
      let cancelTimer = clock.timer(queueTimeoutMs, onTimeout);
      signal.addEventListener("abort", onAbort, { once: true });
      queue.add(waiter);
    });
  }

  return {
    acquire(agent, signal, parent) {
      signal.throwIfAborted();
      const { instance } = agent;
      if (instance === undefined) requireWakeable(agent);
      const free = agent.queue.length === 0 ? agent.free() : undefined;
      if (free !== undefined) return takeSlot(agent, { instance: free, startMs: 0 }, clock);
      const waiting = wait(agent, signal, parent);
      if (instance === undefined) options.wake(agent, parent);
      else options.waits?.(agent);
      return waiting;
    },
  };
}

function takeSlot(
  agent: Agent,
  { instance, startMs }: Pick<TakenSlot, "instance" | "startMs">,
  clock: Clock,
): TakenSlot {
  instance.enter();
  agent.invoked(clock.now());
  const since = clock.monotonic();
  let released = false;
  let endAnswer: (() => void) | undefined;
  return {
    instance,
    since,
    startMs,
    openEnded() {
      if (!released) endAnswer ??= instance.openAnswer();
    },
    release() {
      if (released) return;
      released = true;
      instance.leave();
      if (endAnswer === undefined) agent.took(clock.monotonic() - since);
      else endAnswer();
      agent.queue.grant(agent);
    },
  };
}

/** `Retry-After` is how long the queue ahead takes at the agent's own pace, in whole seconds, at least one. */
function busy({ id, instance, queue, meanInvokeMs, serving }: Agent, why: string): RunnerError {
  const slots = (instance?.version.manifest.concurrency ?? 1) * Math.max(1, serving.length);
  const seconds = Math.max(1, Math.ceil((meanInvokeMs * (queue.length + 1)) / slots / 1000));
  return new RunnerError("AGENT_BUSY", `Agent ${id} is busy: ${why}. Try again in ${seconds} s.`, {
    headers: { "Retry-After": String(seconds) },
    details: { retry_after: seconds },
  });
}
