import { RunnerError } from "../errors.ts";

/** Seconds after which a deploy that found the queue full may well find a place. */
const RETRY_AFTER_SECONDS = 30;

/** Bounds how many builds run at once; the others wait in the order they came. */
export type BuildQueue = {
  /**
   * Runs `work` when its turn comes. Rejects with OVERLOADED when too many wait already, with the signal's reason when
   * that aborts during the wait.
   */
  run<T>(options: BuildTurn, work: () => Promise<T>): Promise<T>;
};

export type BuildTurn = {
  signal: AbortSignal;
  /** Told how many builds are ahead, at first and whenever that changes; never called by a build that need not wait. */
  onPlace: (ahead: number) => void;
};

type Waiting = { start: () => void; onPlace: (ahead: number) => void };

export function createBuildQueue(options: { maxRunning: number; maxWaiting: number }): BuildQueue {
  const waiting: Waiting[] = [];
  let running = 0;

  const next = () => {
    running -= 1;
    waiting.shift()?.start();
    waiting.forEach(({ onPlace }, ahead) => onPlace(ahead));
  };

  async function turn({ signal, onPlace }: BuildTurn): Promise<void> {
    signal.throwIfAborted();
    if (running < options.maxRunning) {
      running += 1;
      return;
    }
    if (waiting.length >= options.maxWaiting) throw overloaded(waiting.length);
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        const place = waiting.indexOf(entry);
        if (place !== -1) waiting.splice(place, 1);
        reject(signal.reason);
      };
      const entry: Waiting = {
        onPlace,
        start() {
          running += 1;
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
      try {
        return await work();
      } finally {
        next();
      }
    },
  };
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
