const BYTE_UNITS = ["bytes", "KiB", "MiB", "GiB"];

/** A size for people, in the units that `memory` of oken.toml has: `14 MiB`. */
export function size(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), BYTE_UNITS.length - 1);
  const amount = bytes / 1024 ** power;
  const isWhole = power === 0 || amount >= 10 || Number.isInteger(amount);
  return `${isWhole ? Math.round(amount) : amount.toFixed(1)} ${BYTE_UNITS[power]}`;
}

/** A time that something took, for people: `40 ms`, `1.8 s`, `2 min 5 s`. */
export function took(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `1 file`, `3 files`. */
export function count(amount: number, thing: string): string {
  return `${amount} ${thing}${amount === 1 ? "" : "s"}`;
}
