import { MiB } from "../lib/bytes.ts";

/** Most bytes that wait for all slow readers together. */
const MAX_WAITING = 64 * MiB;

export type SlowReader = {
  /** Bytes that wait for it. */
  waiting: () => number;
  /** Lets go of it, and of what waits. */
  drop: () => void;
};

/** The readers of WebSockets for whom something waits, in the order in which they fell behind. */
export type SlowReaders = {
  /** It is behind. Where too much waits, those who have been behind the longest are dropped. */
  add(reader: SlowReader): void;
  /** It has caught up, or is gone. */
  remove(reader: SlowReader): void;
};

export function createSlowReaders(maxWaiting = MAX_WAITING): SlowReaders {
  const readers = new Set<SlowReader>();
  const waiting = () => readers.values().reduce((sum, reader) => sum + reader.waiting(), 0);
  return {
    add(added) {
      readers.add(added);
      for (const reader of readers) {
        if (waiting() <= maxWaiting) return;
        readers.delete(reader);
        reader.drop();
      }
    },
    remove: (reader) => void readers.delete(reader),
  };
}
