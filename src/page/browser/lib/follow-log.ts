import type { LogLine } from "../types.ts";
import { send } from "./api.ts";
import { errorOf } from "./errors.ts";
import { eventsIn } from "./event-stream.ts";
import { parseAs } from "./json.ts";

/** Lines that are kept; the oldest go first. */
const KEPT_LINES = 2_000;

/** Lines come in bursts; they are shown together so often, milliseconds. */
const SHOWN_EVERY_MS = 200;

export type ShownLine = LogLine & { number: number };

/** Follows the log of an agent until `signal` aborts or the agent stops. `show` gets all lines that are kept. */
export async function followLog(
  id: string,
  signal: AbortSignal,
  show: (lines: ShownLine[]) => void,
): Promise<void> {
  const response = await send(`logs/${id}?follow=true&format=json&tail=500`, {
    headers: { accept: "text/event-stream" },
    signal,
  });
  if (!response.ok) throw await errorOf(response);
  let lines: ShownLine[] = [];
  let number = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    lines = lines.slice(-KEPT_LINES);
    show(lines);
  };
  try {
    for await (const { data } of eventsIn(response)) {
      number += 1;
      lines.push({ ...parseAs<LogLine>(data), number });
      timer ??= setTimeout(flush, SHOWN_EVERY_MS);
    }
  } finally {
    clearTimeout(timer);
    if (!signal.aborted) flush();
  }
}

const LEVELS = ["debug", "info", "warning", "error", "critical"];

/** Whether the line is at least of this level. What has none counts as information. */
export function isAtLeast(level: string | null, least: string): boolean {
  return LEVELS.indexOf(level ?? "info") >= LEVELS.indexOf(least);
}
