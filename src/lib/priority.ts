import { getPriority, setPriority } from "node:os";

/** What the runner does for an invoke is short, and all that is slow it leaves to others. */
const RAISED = -10;

/**
 * Puts this thread, and those it starts from now on, before other processes on the host, so that invokes do not wait
 * for what builds. Gives back the niceness that there was, for commands to run at. Nothing changes without the right to
 * it, and where the operator has set one.
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

/** On Linux a thread has a niceness of its own, and what it starts inherits it: setpriority(2), "C library/kernel differences". */
export function setThreadPriority(niceness: number): void {
  try {
    setPriority(niceness);
  } catch {
    // What cannot be lowered again was not raised.
  }
}
