import type { Manifest } from "../model/manifest.ts";
import { type Fields, booleanField, placeOf, secondsField } from "./fields.ts";

type Warmth = Pick<Manifest, "warmTimeout" | "pauseAfter" | "keepWarm">;

/**
 * Reads `warm_timeout`, `pause_after` and `keep_warm`. What is written and cannot come about is ignored, with a warning;
 * of the host's defaults none is said.
 */
export function warmthFields(
  fields: Fields,
  defaults: { warmTimeout: number; pauseAfter: number; lacks: { pause?: string } },
  warnings: string[],
): Warmth {
  const warmTimeout = secondsField(fields, "warm_timeout", { min: 0, fallback: defaults.warmTimeout });
  const pauseAfter = secondsField(fields, "pause_after", { min: 0, fallback: defaults.pauseAfter });
  const ignore = (key: string, value: number, why: string) => {
    if ((fields.table[key] ?? 0) !== 0)
      warnings.push(`${placeOf(fields, key)}: ${key} = ${value} is ignored, since ${why}`);
  };
  if (booleanField(fields, "keep_warm")) {
    const why = "keep_warm = true never lets the agent sleep";
    ignore("warm_timeout", warmTimeout, why);
    ignore("pause_after", pauseAfter, why);
    return { warmTimeout: 0, keepWarm: true };
  }
  if (defaults.lacks.pause !== undefined) {
    ignore("pause_after", pauseAfter, defaults.lacks.pause);
    return { warmTimeout };
  }
  const isReached = warmTimeout === 0 || pauseAfter < warmTimeout;
  if (isReached && pauseAfter > 0) return { warmTimeout, pauseAfter };
  ignore("pause_after", pauseAfter, `the agent is stopped after warm_timeout = ${warmTimeout}`);
  return { warmTimeout };
}
