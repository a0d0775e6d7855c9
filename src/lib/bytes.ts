export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

const UNITS: Record<string, number> = { b: 1, k: KiB, m: MiB, g: GiB, t: 1024 * GiB };
const SIZE = /^(\d{1,15}(?:\.\d{1,3})?) ?([bkmgt]?)(?:i?b)?$/i;

/** A number of bytes, plain or with a binary unit: `1048576`, `512k`, `512 MiB`, `1.5g`. Undefined for other text. */
export function parseBytes(text: string): number | undefined {
  const [, digits, unit] = SIZE.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Math.floor(Number(digits) * (UNITS[unit?.toLowerCase() ?? ""] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A byte count for a sentence: in MiB if that is a whole number, else in bytes. */
export function formatBytes(bytes: number): string {
  const mebibytes = bytes / MiB;
  return Number.isInteger(mebibytes) && mebibytes > 0 ? `${mebibytes} MiB` : `${bytes} bytes`;
}

const SHOWN_UNITS = ["bytes", "KiB", "MiB", "GiB"];

/** A byte count for people, in a unit that keeps it short: `14 MiB`, `1.5 GiB`. */
export function showBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), SHOWN_UNITS.length - 1);
  const amount = bytes / 1024 ** power;
  const isWhole = power === 0 || amount >= 10 || Number.isInteger(amount);
  return `${isWhole ? Math.round(amount) : amount.toFixed(1)} ${SHOWN_UNITS[power]}`;
}
