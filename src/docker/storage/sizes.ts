const UNITS: Record<string, number> = { "": 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };

/** Bytes of a size as the CLI writes it, in decimal units: `0B`, `79B`, `1.79MB`. Zero for what is not known: `N/A`. */
export function parseSize(text: string): number {
  const [, digits, unit] = /^([\d.]+)\s?([kKMGTP]?)B/.exec(text.trim()) ?? [];
  return digits === undefined ? 0 : Math.round(Number(digits) * (UNITS[unit ?? ""] ?? 1));
}

/** Milliseconds since the epoch of a time as Go prints it: `2026-11-28 17:55:29.634039799 +0000 UTC`. */
export function parseGoTime(text: string): number | undefined {
  const [, day, time, sign, hours, minutes] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d* ([+-])(\d\d)(\d\d)/.exec(text) ?? [];
  if (day === undefined) return undefined;
  return Date.parse(`${day}T${time}${sign}${hours}:${minutes}`);
}
