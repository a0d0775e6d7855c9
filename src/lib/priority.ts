import { getPriority, setPriority } from "node:os";

/** An invoke needs the runner only for a moment; the slow work is done by other processes. */
const RAISED = -10;

/**
 * Gives this thread, and the threads it starts from now on, priority over other processes of the host, so that invokes
 * do not wait for builds. Returns the niceness from before, for docker commands. Changes nothing if the operator has
 * set a niceness, or if the right to it is missing.
 */
export function raisePriority(): number {
  const before = getPriority();
  if (before !== 0) return before;
  try {
    setPriority(RAISED);
  } catch {
    // Only root may.
  }
  return before;
}

/**
 * On Linux each thread has its own niceness, and its processes inherit it: setpriority(2), "C library/kernel
 * differences".
 */
export function setThreadPriority(niceness: number): void {
  try {
    setPriority(niceness);
  } catch {
    // Without the right to lower it, it was never raised.
  }
}
