import type { Clock } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";

/** One thing that the runner needs: `doctor`, the start and `/health` look at it in the same way. */
export type Check = {
  name: string;
  /** A rejection counts as a failure. */
  look: () => Promise<Result>;
};

export type Result = {
  /** `unknown`: it could not be looked at, and may be well. */
  state: "ok" | "failed" | "unknown";
  /** What was found. */
  found: string;
  /** What a person can do about it; the sentence goes on with it. */
  advice?: string;
};

export type Finding = Result & { name: string };

/** What one check finds. Never rejects. */
export async function findingOf({ name, look }: Check): Promise<Finding> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    return { name, state: "failed", found: messageOf(error) };
  }
}

/** The sentence about a finding. */
export function sentenceOf({ found, advice }: Result): string {
  const sentence = advice === undefined ? found : `${found}; ${advice}`;
  return sentence.endsWith(".") ? sentence : `${sentence}.`;
}

/** The same check, which holds for `keepMs` once all was well: a look costs processes, or a request to a registry. */
export function remembered({ name, look }: Check, clock: Clock, keepMs: number): Check {
  let last: { at: number; result: Result } | undefined;
  return {
    name,
    async look() {
      if (last?.result.state !== "ok" || clock.monotonic() - last.at > keepMs) {
        const at = clock.monotonic();
        last = { at, result: await look() };
      }
      return last.result;
    },
  };
}

/** The same check. Those who look at the same time share one look. */
export function shared({ name, look }: Check): Check {
  let looking: Promise<Result> | undefined;
  return { name, look: () => (looking ??= look().finally(() => (looking = undefined))) };
}

/** The same check, which is not made while the one that it builds on fails: that says it all, and each would wait as long. */
export function behind(first: Check, { name, look }: Check): Check {
  return {
    name,
    async look() {
      const { state, found } = await findingOf(first);
      return state === "failed" ? { state: "unknown", found } : look();
    },
  };
}
