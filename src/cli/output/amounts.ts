/** A size for people, in the units that `memory` of oken.toml has. */
export { showBytes as size } from "../../lib/bytes.ts";

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
