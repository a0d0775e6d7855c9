import type { Clock } from "../lib/clock.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Agent, Waiter } from "./agent.ts";
import type { Instance } from "../instance/instance.ts";

/** Weight of the newest invoke in the mean; about the last ten count. */
const MEAN_WEIGHT = 0.1;

/** A slot in a running instance. */
export type Lease = {
  readonly instance: Instance;
  /** From now on it lasts as long as its caller likes, a WebSocket or a stream: no measure of the agent's pace. */
  openEnded(): void;
  /** May be called more than once. */
  release(): void;
};

export type Pool = {
  /** A slot at once, or after a wait for one: behind the queue, or for the wake under way. */
  acquire(agent: Agent, signal: AbortSignal): Lease | Promise<Lease>;
  /** Grants free slots to those who wait; called when an instance begins to serve. */
  pump(agent: Agent): void;
  /** Refuses all who wait. */
  refuse(agent: Agent, error: RunnerError): void;
};

export type PoolOptions = {
  clock: Clock;
  metrics: Metrics;
  /** Most invokes that wait for one agent. */
  maxQueue: number;
  /** Longest wait for a slot of an agent that runs. */
  queueTimeoutMs: number;
  /** Starts an agent that sleeps; invokes that arrive meanwhile share it. Never rejects: it pumps or refuses. */
  wake(agent: Agent): void;
};

export function createPool(options: PoolOptions): Pool {
  const lease = (agent: Agent, instance: Instance) => takeSlot(agent, instance, options.clock);

  function wait(agent: Agent, signal: AbortSignal): Promise<Lease> {
    if (agent.waiters.length >= options.maxQueue)
      throw busy(agent, `its queue of ${options.maxQueue} is full`);
    const startedAt = options.clock.monotonic();
    const reason = agent.instance === undefined ? "start" : "turn";
    return new Promise<Lease>((resolve, reject) => {
      const settle = () => {
        const ms = options.clock.monotonic() - startedAt;
        options.metrics.invokeWait.observe({ reason }, ms / 1000);
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        const position = agent.waiters.indexOf(waiter);
        if (position !== -1) agent.waiters.splice(position, 1);
      };
      const waiter: Waiter = {
        grant(instance) {
          settle();
          resolve(lease(agent, instance));
        },
        refuse(error) {
          settle();
          reject(error);
        },
      };
      const onAbort = () => {
        settle();
        reject(signal.reason);
      };
      // The start of a sleeping agent has its own deadline; this one is for a turn in an agent that runs.
      const onTimeout = () => {
        if (agent.waking === undefined)
          waiter.refuse(busy(agent, `no turn came within ${options.queueTimeoutMs / 1000} s`));
        else timer = setTimeout(onTimeout, options.queueTimeoutMs);
      };
      let timer = setTimeout(onTimeout, options.queueTimeoutMs);
      signal.addEventListener("abort", onAbort, { once: true });
      agent.waiters.push(waiter);
    });
  }

  return {
    acquire(agent, signal) {
      signal.throwIfAborted();
      if (agent.waiters.length === 0) {
        if (agent.instance !== undefined && hasFreeSlot(agent.instance)) return lease(agent, agent.instance);
      }
      if (agent.instance === undefined) requireWakeable(agent);
      const waiting = wait(agent, signal);
      if (agent.instance === undefined) options.wake(agent);
      return waiting;
    },
    pump,
    refuse(agent, error) {
      for (const waiter of agent.waiters.splice(0)) waiter.refuse(error);
    },
  };
}

function hasFreeSlot(instance: Instance): boolean {
  return instance.inFlight < instance.version.manifest.concurrency;
}

function takeSlot(agent: Agent, instance: Instance, clock: Clock): Lease {
  instance.inFlight += 1;
  agent.lastInvoked = clock.now();
  const startedAt = clock.monotonic();
  let released = false;
  let isPace = true;
  return {
    instance,
    openEnded() {
      isPace = false;
    },
    release() {
      if (released) return;
      released = true;
      const now = clock.monotonic();
      instance.inFlight -= 1;
      instance.lastUsed = now;
      if (isPace)
        agent.meanInvokeMs +=
          (now - startedAt - agent.meanInvokeMs) * (agent.meanInvokeMs === 0 ? 1 : MEAN_WEIGHT);
      if (instance.inFlight === 0) instance.onEmpty?.();
      pump(agent);
    },
  };
}

function pump(agent: Agent): void {
  while (agent.waiters.length > 0 && agent.instance !== undefined && hasFreeSlot(agent.instance)) {
    agent.waiters.shift()?.grant(agent.instance);
  }
}

function requireWakeable(agent: Agent): void {
  if (agent.state === "stopped") {
    throw new RunnerError(
      "AGENT_NOT_RUNNING",
      `Agent ${agent.id} was stopped. Start it with POST /start/${agent.id}, or deploy it again.`,
    );
  }
  if (agent.state === "error") {
    const why = agent.lastError === undefined ? "" : ` ${agent.lastError.message}`;
    throw new RunnerError(
      "AGENT_NOT_RUNNING",
      `Agent ${agent.id} is not running: its last start failed.${why}`,
    );
  }
  if (agent.state === "building") {
    throw new RunnerError("AGENT_NOT_RUNNING", `Agent ${agent.id} is being deployed for the first time.`);
  }
}

/** `Retry-After` is how long the queue ahead takes at the agent's own pace, in whole seconds, at least one. */
function busy(agent: Agent, why: string): RunnerError {
  const concurrency = agent.instance?.version.manifest.concurrency ?? 1;
  const ahead = agent.waiters.length + 1;
  const seconds = Math.max(1, Math.ceil((agent.meanInvokeMs * ahead) / concurrency / 1000));
  return new RunnerError("AGENT_BUSY", `Agent ${agent.id} is busy: ${why}. Try again in ${seconds} s.`, {
    headers: { "Retry-After": String(seconds) },
    details: { retry_after: seconds },
  });
}
