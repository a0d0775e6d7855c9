import type { Clock } from "./clock.ts";

/** Waits until `work` has ended or `ms` are over. Rejects if it fails before. No timer is left, to keep the process. */
export async function waitAtMost(ms: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  const over = Promise.withResolvers<void>();
  const cancel = clock.timer(ms, over.resolve);
  await Promise.race([work, over.promise]).finally(cancel);
}

/** As `work`, but over as soon as `signal` aborts. The signal holds nothing of it afterwards, however long it lasts. */
export async function endedBy(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const onAbort = () => over.resolve();
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  await Promise.race([work, over.promise]).finally(() => signal.removeEventListener("abort", onAbort));
}
