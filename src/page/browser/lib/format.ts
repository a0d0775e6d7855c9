/** Numbers, sizes and times as the page writes them. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** What stands where there is nothing to say. */
export const NONE = "–";

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit] ?? ""}`;
}

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (value === 0) return "0 ms";
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1_000) return `${Math.round(value)} ms`;
  return seconds(value / 1_000);
}

function seconds(value: number): string {
  if (value < 100) return `${value.toFixed(1)} s`;
  return duration(value * 1_000);
}

/** `3 d`, `2 h`, `5 min`, `12 s`: the largest unit alone. */
export function duration(ms: number): string {
  const all = Math.max(0, Math.round(ms / 1_000));
  if (all < 60) return `${all} s`;
  if (all < 3_600) return `${Math.floor(all / 60)} min`;
  if (all < 86_400) return `${Math.floor(all / 3_600)} h`;
  return `${Math.floor(all / 86_400)} d`;
}

export function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return NONE;
  if (perSecond === 0) return "0";
  return perSecond < 10 ? perSecond.toFixed(2) : perSecond.toFixed(0);
}

/** Errors of the calls, in percent. */
export function errorShare({ requests, errors }: { requests: number; errors: number }): string {
  if (requests === 0) return NONE;
  if (errors === 0) return "0 %";
  const share = (errors / requests) * 100;
  return `${share < 10 ? share.toFixed(1) : share.toFixed(0)} %`;
}

export function ago(iso: string, now: number): string {
  return `${duration(now - Date.parse(iso))} ago`;
}

/** Of the reader's own day and zone. */
export function clockTime(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { hour12: false });
}

export function dateTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium", hour12: false });
}
