import { type Reach, reachNothing } from "../lib/fail-points.ts";

/** True in what `scripts/build --fail-points` makes alone. No other executable has what it guards. */
declare const OKEN_FAIL_POINTS: boolean | undefined;

/** Kills the runner when it comes to the step that the environment names. */
export function createReach(environment: Record<string, string | undefined>): Reach {
  if (typeof OKEN_FAIL_POINTS === "undefined" || !OKEN_FAIL_POINTS) return reachNothing;
  const wanted = environment["TEST_FAIL_POINT"];
  return async (point) => {
    if (point === wanted) process.kill(process.pid, "SIGKILL");
  };
}
