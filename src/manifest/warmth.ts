import type { Manifest } from "../model/manifest.ts";
import { type Fields, booleanField, placeOf, secondsField } from "./fields.ts";

type Warmth = Pick<Manifest, "warmTimeout" | "keepWarm">;

/** Reads `warm_timeout` and `keep_warm`. What contradicts `keep_warm` is ignored, with a warning. */
export function warmthFields(fields: Fields, defaults: { warmTimeout: number }, warnings: string[]): Warmth {
  const warmTimeout = secondsField(fields, "warm_timeout", { min: 0, fallback: defaults.warmTimeout });
  if (!booleanField(fields, "keep_warm")) return { warmTimeout };
  if ((fields.table["warm_timeout"] ?? 0) !== 0)
    warnings.push(
      `${placeOf(fields, "warm_timeout")}: warm_timeout = ${warmTimeout} is ignored, since keep_warm = true never lets the agent sleep`,
    );
  return { warmTimeout: 0, keepWarm: true };
}
