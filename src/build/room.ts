import type { Clock } from "../lib/clock.ts";

/** Between two looks, milliseconds. What unpacks writes up to a gigabyte in a second. */
const LOOK_MS = 250;

type RoomOptions = {
  clock: Pick<Clock, "timer">;
  /** Rejects, with what to tell the caller, when a disk has no room left for builds; undefined where nobody looks. */
  assertRoom?: (() => Promise<void>) | undefined;
  signal: AbortSignal;
};

/**
 * Does `work` while the disks have room, and aborts it when they have not: nobody knows what a package unpacks to before
 * it has. Rejects with what `assertRoom` said then.
 */
export async function whileThereIsRoom<T>(
  { clock, assertRoom, signal }: RoomOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (assertRoom === undefined) return work(signal);
  const full = new AbortController();
  let hasEnded = false;
  const look = async () => {
    await assertRoom().catch((error: unknown) => full.abort(error));
    if (!full.signal.aborted && !hasEnded) cancel = clock.timer(LOOK_MS, () => void look());
  };
  let cancel = clock.timer(LOOK_MS, () => void look());
  try {
    return await work(AbortSignal.any([signal, full.signal]));
  } catch (error) {
    throw full.signal.aborted ? full.signal.reason : error;
  } finally {
    hasEnded = true;
    cancel();
  }
}
