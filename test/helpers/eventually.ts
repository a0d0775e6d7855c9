/** Longest wait for a condition, milliseconds. */
const DEADLINE_MS = 20_000;
const PAUSE_MS = 25;

/** Repeats `check` until it no longer throws. After the deadline, throws its last error. */
export async function eventually<T>(check: () => Promise<T> | T, deadlineMs = DEADLINE_MS): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await Bun.sleep(PAUSE_MS);
    }
  }
}
