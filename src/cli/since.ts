import { usageFailure } from "./failure.ts";

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time, as it is or as how long ago it was, in milliseconds of the wall clock. */
export function sinceTime(text: string, _before?: unknown, now = Date.now()): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const time = amount === undefined ? Date.parse(text) : now - Number(amount) * (UNIT_MS[unit] ?? 0);
  if (!Number.isNaN(time)) return time;
  throw usageFailure(
    `--since is ${JSON.stringify(text)}, but must be a time ago such as 10m or 2h, or a time such as 2026-01-31T09:30Z.`,
  );
}
