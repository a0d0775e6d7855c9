import type { OutputLine } from "../../docker/types.ts";
import type { Clock } from "../../lib/clock.ts";
import { endedBy } from "../../lib/wait-at-most.ts";
import type { FollowedLog } from "./followed-log.ts";
import { COMPARED, joinLogs } from "./join-logs.ts";

/** How long a shared reader may take to come to a line that was read besides, milliseconds. */
const SKIP_MS = 2_000;

type Following = { signal: AbortSignal; clock: Pick<Clock, "timer"> };

/** The lines from this number on, as they come. */
export async function* linesFrom(
  log: FollowedLog,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<OutputLine> {
  for (let at = from; ;) {
    signal.throwIfAborted();
    const more = log.more();
    const read = log.read(at);
    if (read === "end") break;
    if (read === "wait") {
      await endedBy(signal, more);
      continue;
    }
    at = read.next;
    yield "line" in read ? read.line : missedLine(read.missed);
  }
  log.throwIfFailed();
}

/** The lines of `past`, which were read besides, and those of the log that come after them. */
export async function* linesAfter(
  log: FollowedLog,
  past: OutputLine[] | undefined,
  { signal, clock }: Following,
): AsyncGenerator<OutputLine> {
  const { lines, first } = log.kept();
  const end = first + lines.length;
  if (past === undefined || past.length === 0) {
    yield* linesFrom(log, past === undefined ? end : first, signal);
    return;
  }
  const place = joinLogs(past, lines);
  const recent = lines.slice(-COMPARED);
  yield* past;
  const from =
    place === undefined ? await skip(log, { at: end, recent, past }, { signal, clock }) : first + place;
  yield* linesFrom(log, from, signal);
}

/** The shared reader is behind: its lines are skipped until it has come to the end of `past`. */
async function skip(
  log: FollowedLog,
  { at: from, recent, past }: { at: number; recent: OutputLine[]; past: OutputLine[] },
  { signal, clock }: Following,
): Promise<number> {
  const late = Promise.withResolvers<void>();
  let isLate = false;
  const cancel = clock.timer(SKIP_MS, () => {
    isLate = true;
    late.resolve();
  });
  try {
    for (let at = from; ;) {
      const more = log.more();
      const read = log.read(at);
      if (isLate || signal.aborted || read === "end") return at;
      if (read === "wait") {
        await Promise.race([endedBy(signal, more), late.promise]);
        continue;
      }
      at = read.next;
      if (!("line" in read)) continue;
      recent.push(read.line);
      if (recent.length > COMPARED) recent.shift();
      if (joinLogs(past, recent) === recent.length) return at;
    }
  } finally {
    cancel();
  }
}

function missedLine(count: number): OutputLine {
  return { stream: "stderr", text: `[${count} lines left out: they came faster than they were read]` };
}
