import type { Clock } from "../lib/clock.ts";
import type { Instance } from "./instance.ts";

/** Resolves when the last request has left the instance, `timeoutMs` have passed, or `signal` aborts. */
export async function drain(
  instance: Instance,
  { clock, timeoutMs, signal }: { clock: Pick<Clock, "timer">; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  if (timeoutMs <= 0) return;
  const tooLong = new AbortController();
  const cancel = clock.timer(timeoutMs, () => tooLong.abort());
  await instance.empty(AbortSignal.any([signal, tooLong.signal]));
  cancel();
}
