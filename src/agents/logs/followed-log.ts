import type { OutputLine } from "../../docker/types.ts";

/** Lines and characters that are kept for followers who are behind. */
const KEPT_LINES = 10_000;
const KEPT_CHARS = 512 * 1024;

/** The reader waits when no follower is closer than so many characters. */
const AHEAD_CHARS = 64 * 1024;

/** What a follower reads: lines by their number, and what became of those that it comes too late for. */
type Read = { line: OutputLine; next: number } | { missed: number; next: number } | "wait" | "end";

/** The end of a log that comes in, for several who read it at their own pace. */
export type FollowedLog = {
  /** Resolves when there is room for more: the fastest follower decides. */
  add(line: OutputLine): Promise<void>;
  end(failure?: { error: unknown }): void;
  /** The lines that are kept, and the number of the first. */
  kept(): { lines: OutputLine[]; first: number };
  read(from: number): Read;
  /** Resolves when more has come, or the end. */
  more(): Promise<void>;
  /** Throws what the log ended with. */
  throwIfFailed(): void;
};

export function createFollowedLog(): FollowedLog {
  const lines: OutputLine[] = [];
  /** Characters of all lines before each kept one, counted from the beginning. */
  const starts: number[] = [];
  let first = 0;
  let total = 0;
  let readTo = 0;
  let failure: { error: unknown } | undefined;
  let ended = false;
  let more = Promise.withResolvers<void>();
  let room = Promise.withResolvers<void>();

  const dropOld = () => {
    while (lines.length > KEPT_LINES || (lines.length > 1 && total - (starts[0] ?? 0) > KEPT_CHARS)) {
      lines.shift();
      starts.shift();
      first += 1;
    }
  };
  const isFarAhead = () => !ended && total - readTo > AHEAD_CHARS;
  const wake = () => {
    more.resolve();
    more = Promise.withResolvers<void>();
  };

  return {
    async add(line) {
      starts.push(total);
      total += line.text.length + 1;
      lines.push(line);
      dropOld();
      wake();
      while (isFarAhead()) {
        room = Promise.withResolvers<void>();
        await room.promise;
      }
    },
    end(why) {
      ended = true;
      failure ??= why;
      room.resolve();
      wake();
    },
    kept: () => ({ lines, first }),
    read(from) {
      if (from < first) return { missed: first - from, next: first };
      const line = lines[from - first];
      if (line === undefined) return ended ? "end" : "wait";
      const end = (starts[from - first] ?? 0) + line.text.length + 1;
      if (end > readTo) {
        readTo = end;
        room.resolve();
      }
      return { line, next: from + 1 };
    },
    more: () => more.promise,
    throwIfFailed() {
      if (failure !== undefined) throw failure.error;
    },
  };
}
