const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
] as const;

/** How long ago a time was, in its largest unit: `3m ago`. */
export function ago(time: string, now = Date.now()): string {
  return `${inUnit(now - Date.parse(time))} ago`;
}

/** How far a time is away: `in 12s`. */
export function until(time: string, now = Date.now()): string {
  return `in ${inUnit(Date.parse(time) - now)}`;
}

function inUnit(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  const unit = UNITS.find(([, length]) => seconds >= length);
  return unit === undefined ? `${Math.floor(seconds)}s` : `${Math.floor(seconds / unit[1])}${unit[0]}`;
}
