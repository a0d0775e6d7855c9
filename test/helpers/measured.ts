/**
 * Options of a test that measures time. What else the machine does adds to a measure and never takes from it, so the
 * best of three runs is nearest to what the code itself takes; code that became slower fails all three. Memory, and time
 * beside something measured at the same time, are sure without it.
 */
export const MEASURED = { retry: 2 };

/** What a bare start of Bun takes on a machine that does nothing else, milliseconds. */
const QUIET_START_MS = 10;

const STARTS = 3;

/**
 * A bar for a quiet machine, milliseconds, as it is for this machine now: as many times higher as a bare start of Bun
 * takes longer, in the middle of three. What is measured right before or after that has the same machine.
 */
export async function barNow(ms: number): Promise<number> {
  const starts: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const began = performance.now();
    await Bun.spawn([process.execPath, "-e", "0"]).exited;
    starts.push(performance.now() - began);
  }
  const middle = starts.toSorted((one, other) => one - other)[STARTS >> 1] ?? 0;
  return ms * Math.max(1, middle / QUIET_START_MS);
}
