import type { CallFigures, MinuteFigures } from "../../model/stats.ts";
import { Durations } from "./durations.ts";

const MINUTE_MS = 60_000;
const MINUTES = 60;

/** The last minute is kept in parts, so that its figures move with the time. */
const PART_MS = 5_000;
const PARTS = MINUTE_MS / PART_MS;

/** Calls of one span of time, the `number`th since the epoch. */
type Span = { number: number; requests: number; errors: number; durations: Durations };

type Minute = CallFigures & { number: number; memory_bytes: number | null };

/**
 * What an agent's calls and memory were like in the last minute, and in each minute of the last hour: up to 7 KiB, and half a KiB when it has slept
 * for an hour.
 */
export type Load = {
  /** Counts a call; `now` is wall clock, milliseconds. */
  count(call: { now: number; ms: number; isError: boolean }): void;
  /** Bytes that its container uses; undefined if it has none. */
  sawMemory(now: number, bytes: number | undefined): void;
  readonly memoryBytes: number | undefined;
  /** All that were ever counted. */
  readonly calls: number;
  lastMinute(now: number): CallFigures;
  /** Oldest first, up to the minute that has begun. */
  lastHour(now: number): MinuteFigures[];
};

export function createLoad(): Load {
  const parts: Span[] = [];
  const minutes: Minute[] = [];
  let current: Span | undefined;
  let calls = 0;
  let memory: { minute: number; bytes: number } | undefined;

  /** Keeps of a minute that is over its figures alone, and lets go what nobody asks for: most agents mostly sleep. */
  const tidy = (now: number): void => {
    const number = Math.floor(now / MINUTE_MS);
    if (current !== undefined && current.number !== number) {
      minutes.push({ ...asMinute(current), memory_bytes: memoryIn(current.number) });
      current = undefined;
    }
    while ((minutes[0]?.number ?? number) <= number - MINUTES) minutes.shift();
    if ((parts.at(-1)?.number ?? 0) < Math.floor(now / PART_MS) - PARTS) parts.length = 0;
  };
  /** The minute that has begun. */
  const minuteAt = (now: number): Span => {
    tidy(now);
    return (current ??= emptySpan(Math.floor(now / MINUTE_MS)));
  };
  const partAt = (now: number): Span => {
    const number = Math.floor(now / PART_MS);
    const last = parts.at(-1);
    if (last?.number === number) return last;
    const part = emptySpan(number);
    parts.push(part);
    if (parts.length > PARTS) parts.shift();
    return part;
  };
  const memoryIn = (minute: number) => (memory?.minute === minute ? memory.bytes : null);

  return {
    count({ now, ms, isError }) {
      calls += 1;
      for (const span of [partAt(now), minuteAt(now)]) {
        span.requests += 1;
        if (isError) span.errors += 1;
        span.durations.add(ms);
      }
    },
    sawMemory(now, bytes) {
      tidy(now);
      memory = bytes === undefined ? undefined : { minute: minuteAt(now).number, bytes };
    },
    get calls() {
      return calls;
    },
    get memoryBytes() {
      return memory?.bytes;
    },
    lastMinute(now) {
      const first = Math.floor(now / PART_MS) - PARTS;
      const sum = emptySpan(0);
      for (const part of parts.filter(({ number }) => number > first)) {
        sum.requests += part.requests;
        sum.errors += part.errors;
        sum.durations.addAll(part.durations);
      }
      return figuresOf(sum);
    },
    lastHour(now) {
      const latest = minuteAt(now);
      const known = new Map(minutes.map((minute) => [minute.number, minute]));
      known.set(latest.number, { ...asMinute(latest), memory_bytes: memoryIn(latest.number) });
      return Array.from({ length: MINUTES }, (_, index) => {
        const number = latest.number - MINUTES + 1 + index;
        const { number: _number, ...figures } = known.get(number) ?? NOTHING;
        return { at: new Date(number * MINUTE_MS).toISOString(), ...figures };
      });
    },
  };
}

const NOTHING: Minute = { number: 0, requests: 0, errors: 0, p50_ms: null, p99_ms: null, memory_bytes: null };

function emptySpan(number: number): Span {
  return { number, requests: 0, errors: 0, durations: new Durations() };
}

function asMinute(span: Span): Omit<Minute, "memory_bytes"> {
  return { number: span.number, ...figuresOf(span) };
}

function figuresOf({ requests, errors, durations }: Span): CallFigures {
  return { requests, errors, p50_ms: durations.quantile(0.5), p99_ms: durations.quantile(0.99) };
}
