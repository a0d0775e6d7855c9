import * as args from "./container-args.ts";
import type { DockerExec } from "../exec.ts";
import { splitOutput } from "../lines.ts";
import type { Engine, OutputLine } from "../types.ts";

/**
 * `docker logs --tail` counts what the engine keeps: a long line is several entries there. Lines are what is counted
 * here, so more is asked for until there are enough.
 */
export function createLogs(
  exec: Pick<DockerExec, "stream">,
  commands: LogCommands = { last: args.logsArgs, follow: args.followLogsArgs },
): Pick<Engine, "logs" | "followLogs"> {
  async function read(name: string, asked: number, signal?: AbortSignal): Promise<Reading> {
    const lines: OutputLine[] = [];
    let chars = 0;
    let entries = 0;
    let isAll = true;
    const chunks = exec.stream(commands.last(name, asked), { timeoutMs: LOGS_TIMEOUT_MS, signal });
    for await (const line of splitOutput(chunks)) {
      lines.push(line);
      chars += line.text.length;
      entries += entriesOf(line);
      for (; chars > MAX_LOG_CHARS; isAll = false) chars -= lines.shift()?.text.length ?? 0;
    }
    return { lines, entries, next: isAll && entries >= asked ? asked * GROWTH : undefined };
  }

  /** One line more than is asked for where there is one: the first may be the end of a longer line. */
  async function lastLines(name: string, tail: number, signal?: AbortSignal): Promise<OutputLine[]> {
    let last: Reading | undefined;
    for (let asked: number | undefined = tail + 1; asked !== undefined; asked = last.next) {
      const reading = await read(name, asked, signal);
      if (reading.lines.length > tail || reading.entries === last?.entries) return reading.lines;
      last = reading;
    }
    return last?.lines ?? [];
  }

  async function* follow(name: string, { tail, signal }: FollowOptions): AsyncGenerator<OutputLine> {
    const past = tail === 0 ? [] : (await lastLines(name, tail, signal)).slice(-tail);
    const entries = past.reduce((sum, line) => sum + entriesOf(line), 0);
    const chunks = exec.stream(commands.follow(name, Math.max(tail, entries)), { signal });
    yield* withoutRefusal(splitOutput(chunks));
  }

  return {
    logs: async (name, tail) => (await lastLines(name, tail)).slice(-tail),
    followLogs: follow,
  };
}

/** The arguments of docker that print a container's last lines, and those that go on. */
export type LogCommands = {
  last(name: string, tail: number): string[];
  follow(name: string, tail: number): string[];
};

type FollowOptions = { tail: number; signal: AbortSignal };

/** `entries`: of the engine. `next`: how many to ask for if there are too few lines; undefined when that is all. */
type Reading = { lines: OutputLine[]; entries: number; next: number | undefined };

/** The engine cuts lines at so many bytes: https://github.com/moby/moby/blob/master/daemon/logger/copier.go */
const ENTRY_BYTES = 16 * 1024;

const GROWTH = 8;

function entriesOf({ text }: OutputLine): number {
  return text.length * 3 < ENTRY_BYTES ? 1 : Math.floor(Buffer.byteLength(text) / ENTRY_BYTES) + 1;
}

/** How docker says on standard error that it could not do something, in the midst of what the container wrote there. */
const REFUSAL = /^(Error response from daemon|no such task or service): /;

/** The lines without the last one if that is docker's word on why it failed, which the error has. */
async function* withoutRefusal(lines: AsyncIterable<OutputLine>): AsyncGenerator<OutputLine> {
  let held: OutputLine | undefined;
  for await (const line of lines) {
    if (held !== undefined) yield held;
    held = line.stream === "stderr" && REFUSAL.test(line.text) ? line : undefined;
    if (held === undefined) yield line;
  }
  if (held !== undefined) yield held;
}

/** Deadline of `docker logs`, which reads compressed files; ten thousand lines took less than a second. */
const LOGS_TIMEOUT_MS = 20_000;

/** The most that one answer of `/logs` holds, characters. The oldest lines are left out. */
const MAX_LOG_CHARS = 4 * 1024 * 1024;
