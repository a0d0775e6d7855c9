import type { Engine, OutputLine } from "../../docker/types.ts";
import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import { type FollowedLog, createFollowedLog } from "./followed-log.ts";
import { linesAfter, linesFrom } from "./follow-lines.ts";
import { fewAtATime } from "./log-reads.ts";
import { printedLines } from "./printed-lines.ts";

/** Followers of one agent's log. */
const MAX_FOLLOWERS = 200;

/** Logs that are read at the same time. */
const MAX_READS = 2;

/** Seconds until a follower may have left. */
const RETRY_AFTER = 10;

type Following = { tail: number; signal: AbortSignal };

/** The engine's logs: each container's is followed once for everybody, and few are read at a time. */
export type SharedLogs = {
  logs: Engine["logs"];
  /** The last lines and those that follow. Throws AGENT_BUSY at once where there are too many followers. */
  follow(container: string, following: Following): AsyncIterable<OutputLine>;
};

type Shared = { log: FollowedLog; followers: number; leave: AbortController };

export function createSharedLogs({
  engine,
  clock,
}: {
  engine: Pick<Engine, "logs" | "followLogs">;
  clock: Pick<Clock, "timer">;
}): SharedLogs {
  const shared = new Map<string, Shared>();
  const count = createCount();
  const logs = printedLines(fewAtATime((container, tail) => engine.logs(container, tail), MAX_READS));

  /** Reads until the last follower has left. */
  async function read(container: string, { log, leave }: Shared, tail: number): Promise<void> {
    try {
      const past = tail === 0 ? [] : await logs(container, tail);
      const lines = engine.followLogs(container, {
        tail: Math.max(tail, past.length),
        signal: leave.signal,
      });
      for await (const line of lines) await log.add(line);
      log.end();
    } catch (error) {
      log.end({ error });
    } finally {
      if (shared.get(container)?.log === log) shared.delete(container);
    }
  }

  function share(container: string, tail: number): Shared {
    const made = { log: createFollowedLog(), followers: 0, leave: new AbortController() };
    shared.set(container, made);
    void read(container, made, tail);
    return made;
  }

  function leaveShared(container: string, left: Shared): void {
    left.followers -= 1;
    if (left.followers > 0) return;
    if (shared.get(container) === left) shared.delete(container);
    left.leave.abort();
    // Its reader may wait for room.
    left.log.end();
  }

  async function* follow(container: string, { tail, signal }: Following): AsyncGenerator<OutputLine> {
    const known = shared.get(container);
    const entered = known ?? share(container, tail);
    const { log } = entered;
    entered.followers += 1;
    // Also of one who has left without taking its next line.
    const leaveOnce = onceOnly(() => leaveShared(container, entered));
    signal.addEventListener("abort", leaveOnce, { once: true });
    try {
      if (known === undefined) yield* linesFrom(log, 0, signal);
      else {
        const past = tail === 0 ? undefined : await logs(container, tail);
        yield* linesAfter(log, past, { signal, clock });
      }
    } finally {
      signal.removeEventListener("abort", leaveOnce);
      leaveOnce();
    }
  }

  return {
    logs,
    follow(container, following) {
      following.signal.throwIfAborted();
      return count.held(container, following.signal, follow(container, following));
    },
  };
}

function onceOnly(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}

/** Counts the followers of each container, from their request on. */
function createCount() {
  const counts = new Map<string, number>();
  const add = (container: string, change: number) => {
    const count = (counts.get(container) ?? 0) + change;
    if (count === 0) counts.delete(container);
    else counts.set(container, count);
    return count;
  };
  return {
    held<T>(container: string, signal: AbortSignal, lines: AsyncIterable<T>): AsyncIterable<T> {
      if ((counts.get(container) ?? 0) >= MAX_FOLLOWERS) throw tooMany();
      add(container, 1);
      let isIn = true;
      const leave = () => {
        if (isIn) add(container, -1);
        isIn = false;
      };
      signal.addEventListener("abort", leave, { once: true });
      return (async function* () {
        try {
          yield* lines;
        } finally {
          leave();
        }
      })();
    },
  };
}

function tooMany(): RunnerError {
  return new RunnerError(
    "AGENT_BUSY",
    `The agent's log has ${MAX_FOLLOWERS} followers, the most at a time.`,
    {
      headers: { "Retry-After": String(RETRY_AFTER) },
    },
  );
}
