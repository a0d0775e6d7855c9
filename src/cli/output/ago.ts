const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
] as const;

/** How long ago a time was, in its largest unit: `3m ago`. */
export function ago(time: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  const unit = UNITS.find(([, length]) => seconds >= length);
  return unit === undefined
    ? `${Math.floor(seconds)}s ago`
    : `${Math.floor(seconds / unit[1])}${unit[0]} ago`;
}
