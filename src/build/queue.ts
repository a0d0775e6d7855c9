import { RunnerError } from "../lib/errors.ts";

/** Seconds after which a deploy that found the queue full may well find a place. */
const RETRY_AFTER_SECONDS = 30;

/** Longest that a turn goes on behind its build, milliseconds: an agent that waits for others while it starts holds up nobody. */
const LONGEST_STARTUP_MS = 5_000;

/** Bounds how many builds run at once, one of an agent at a time; the others wait in the order they came. */
export type BuildQueue = {
  /**
   * Runs `work` when its turn comes. Rejects with OVERLOADED when too many wait already, with the signal's reason when
   * that aborts during the wait.
   */
  run<T>(options: BuildTurn, work: () => Promise<T>): Promise<T>;
};

export type BuildTurn = {
  agentId: string;
  signal: AbortSignal;
  /** Told how many builds are ahead, at first and whenever that changes; never called by a build that need not wait. */
  onPlace: (ahead: number) => void;
  /**
   * Settles when what was built serves, or will not: its start is as much work as the build, and belongs to the turn.
   * Nothing is started when undefined.
   */
  startup?: Promise<unknown> | undefined;
};

type Waiting = { agentId: string; start: () => void; onPlace: (ahead: number) => void };

export function createBuildQueue(options: { maxRunning: number; maxWaiting: number }): BuildQueue {
  const waiting: Waiting[] = [];
  /** Agents of which a build runs. */
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
        else void settledWithin(build.startup, LONGEST_STARTUP_MS).then(end);
        return result;
      } catch (error) {
        end();
        throw error;
      }
    },
  };
}

/** Resolves when `promise` has come out either way, or `ms` have passed. */
async function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  const { promise: tooLong, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise.catch(() => undefined), tooLong]);
  clearTimeout(timer);
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
