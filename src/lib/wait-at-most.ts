import type { Clock } from "./clock.ts";

/** Waits until `work` has ended or `ms` are over. Rejects if it fails before. No timer is left, to keep the process. */
export async function waitAtMost(ms: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  const over = Promise.withResolvers<void>();
  const cancel = clock.timer(ms, over.resolve);
  await Promise.race([work, over.promise]).finally(cancel);
}

/** As `work`, but over as soon as `signal` aborts. */
export async function endedBy(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  const over = Promise.withResolvers<void>();
  if (signal.aborted) over.resolve();
  signal.addEventListener("abort", () => over.resolve(), { once: true });
  await Promise.race([work, over.promise]);
}
