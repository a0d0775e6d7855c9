import { MiB, parseBytes } from "../lib/bytes.ts";
import { type Fields, invalid } from "./fields.ts";

/** A Python that has imported nothing needs about half of it. */
const MIN_MEMORY_BYTES = 16 * MiB;
const MIN_CPUS = 0.01;

/** The value of a key that is not written, and the most that the host gives. */
export type Capped = { fallback: number; max: number };

/** Bytes, as a number or a text such as `"512m"`, `"512 MiB"` or `"1.5g"`. What the host does not give is cut. */
export function memoryField(fields: Fields, { fallback, max }: Capped, warnings: string[]): number {
  const value = fields.table.memory;
  if (value === undefined) return fallback;
  const bytes = typeof value === "string" ? parseBytes(value) : value;
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < MIN_MEMORY_BYTES) {
    const allowed = `it is a number of bytes or a string like "512m" or "1g", at least "16m"`;
    throw invalid(fields, "memory", { value, allowed });
  }
  if (bytes <= max) return bytes;
  warnings.push(`memory is cut to ${max / MiB} MiB, the most this host gives one agent`);
  return max;
}

/** A number of CPUs, which may be a fraction. What the host does not give is cut. */
export function cpusField(fields: Fields, { fallback, max }: Capped, warnings: string[]): number {
  const value = fields.table.cpus;
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !Number.isFinite(value) || value < MIN_CPUS) {
    throw invalid(fields, "cpus", {
      value,
      allowed: `it is a number of cores such as 0.5 or 2, at least ${MIN_CPUS}`,
    });
  }
  if (value <= max) return value;
  warnings.push(`cpus is cut to ${max}, the most this host gives one agent`);
  return max;
}
