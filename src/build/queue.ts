import type { Clock } from "../lib/clock.ts";
import { RunnerError } from "../lib/errors.ts";

/** When a deploy that found the queue full should try again, seconds. */
const RETRY_AFTER_SECONDS = 30;

/** Longest that a start keeps the turn of its build, milliseconds: an agent that starts slowly must not stop others. */
const LONGEST_STARTUP_MS = 5_000;

/** Limits how many builds run at once, and to one those of an agent. The others wait in the order they came. */
export type BuildQueue = {
  /**
   * Runs `work` when its turn comes. Rejects with OVERLOADED when the queue is full, and with the signal's reason when
   * that aborts during the wait.
   */
  run<T>(options: BuildTurn, work: () => Promise<T>): Promise<T>;
};

export type BuildTurn = {
  agentId: string;
  signal: AbortSignal;
  /** Called with the number of builds ahead when the wait begins and whenever that number changes. */
  onPlace: (ahead: number) => void;
  /**
   * Settles when what was built serves or has failed to start: a start is as much work for the host as a build. Undefined
   * when nothing is started.
   */
  startup?: Promise<unknown> | undefined;
};

type Waiting = { agentId: string; start: () => void; onPlace: (ahead: number) => void };

export function createBuildQueue(options: {
  maxRunning: number;
  maxWaiting: number;
  clock: Clock;
}): BuildQueue {
  const waiting: Waiting[] = [];
  /** Agents with a build that runs. */
  const running = new Set<string>();
  const mayStart = (agentId: string) => running.size < options.maxRunning && !running.has(agentId);

  const next = (ended: string) => {
    running.delete(ended);
    for (const entry of [...waiting]) if (mayStart(entry.agentId)) entry.start();
    waiting.forEach(({ onPlace }, ahead) => onPlace(ahead));
  };

  async function turn({ agentId, signal, onPlace }: BuildTurn): Promise<void> {
    signal.throwIfAborted();
    if (mayStart(agentId)) {
      running.add(agentId);
      return;
    }
    if (waiting.length >= options.maxWaiting) throw overloaded(waiting.length);
    await new Promise<void>((resolve, reject) => {
      const leave = () => waiting.splice(waiting.indexOf(entry), 1);
      const onAbort = () => {
        leave();
        reject(signal.reason);
      };
      const entry: Waiting = {
        agentId,
        onPlace,
        start() {
          leave();
          running.add(agentId);
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      waiting.push(entry);
      onPlace(waiting.length - 1);
    });
  }

  return {
    async run(build, work) {
      await turn(build);
      const end = () => next(build.agentId);
      try {
        const result = await work();
        if (build.startup === undefined) end();
        else void settledWithin(build.startup, options.clock).then(end);
        return result;
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}

/** Resolves when `startup` has settled or has had its time. */
async function settledWithin(startup: Promise<unknown>, clock: Clock): Promise<void> {
  const { promise: tooLong, resolve } = Promise.withResolvers<void>();
  const cancel = clock.timer(LONGEST_STARTUP_MS, resolve);
  await Promise.race([startup.catch(() => undefined), tooLong]);
  cancel();
}

function overloaded(waiting: number): RunnerError {
  return new RunnerError(
    "OVERLOADED",
    `${waiting} builds wait for their turn already. Try again in ${RETRY_AFTER_SECONDS} s.`,
    {
      details: { reason: "build_queue", waiting },
      headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
    },
  );
}
