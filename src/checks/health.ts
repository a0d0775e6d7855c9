import type { Clock } from "../lib/clock.ts";
import { waitAtMost } from "../lib/wait-at-most.ts";
import { findingOf, sentenceOf } from "./check.ts";
import type { Checks } from "./checks.ts";

/** How long an answer holds, milliseconds. Asking starts processes. */
const FRESH_MS = 2_000;

/** How long a look waits for the runner's own start to end, milliseconds. */
const RECONCILING_MS = 5_000;

/** The sentence about each check that has failed. Callers share one look. */
export function createHealth(
  { requirements, conditions }: Checks,
  { clock, reconciled }: { clock: Clock; reconciled: Promise<void> },
): () => Promise<Record<string, string>> {
  let latest: Promise<Record<string, string>> | undefined;
  let takenAt = 0;

  const look = async () => {
    // Until then the network may not have been made.
    await waitAtMost(RECONCILING_MS, reconciled, clock);
    const findings = await Promise.all([...requirements, ...conditions].map(findingOf));
    const failed = findings.filter(({ state }) => state === "failed");
    return Object.fromEntries(failed.map((finding) => [finding.name, sentenceOf(finding)]));
  };

  return () => {
    const now = clock.monotonic();
    if (latest === undefined || now - takenAt > FRESH_MS) {
      takenAt = now;
      latest = look();
    }
    return latest;
  };
}
