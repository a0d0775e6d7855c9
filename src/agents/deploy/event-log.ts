import { endedBy } from "../../lib/wait-at-most.ts";

/** Events kept of one log, and characters. The oldest go first: a replay of a longer build lacks its beginning. */
const KEPT = 10_000;
const KEPT_CHARS = 256 * 1024;

/** An event with its number, counted from 1. */
export type Recorded<T> = { id: number; event: T };

/** Events that can be read again from any of them, and followed while they come. */
export type EventLog<T> = {
  add(event: T): void;
  /** No more will come. */
  end(): void;
  all(): readonly Recorded<T>[];
  /** Events with an id above `after`, as they come, until the end or until `signal` aborts. */
  follow(after: number, signal: AbortSignal): AsyncGenerator<Recorded<T>>;
};

/** `sizeOf` gives the characters of an event's text. */
export function createEventLog<T>(sizeOf: (event: T) => number): EventLog<T> {
  let chars = 0;
  const events: Recorded<T>[] = [];
  let lastId = 0;
  let ended = false;
  let changed = Promise.withResolvers<void>();

  const notify = () => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };

  return {
    add(event) {
      events.push({ id: ++lastId, event });
      chars += sizeOf(event);
      while (events.length > KEPT || (chars > KEPT_CHARS && events.length > 1)) {
        const oldest = events.shift();
        if (oldest !== undefined) chars -= sizeOf(oldest.event);
      }
      notify();
    },
    end() {
      ended = true;
      notify();
    },
    all: () => events,
    async *follow(after, signal) {
      let seen = after;
      while (!signal.aborted) {
        const change = changed.promise;
        const fresh = events.slice(Math.max(0, events.length - (lastId - seen)));
        for (const recorded of fresh) {
          seen = recorded.id;
          yield recorded;
        }
        if (ended && seen >= lastId) return;
        await endedBy(signal, change);
      }
    },
  };
}
