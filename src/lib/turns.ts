/** A bounded number of turns; who finds none free waits for one, in the order of coming. */
export type Turns = {
  /** What it gives is called once, to give the turn back. Rejects with the signal's reason if that aborts before. */
  take(signal?: AbortSignal): Promise<() => void>;
};

export function createTurns(most: number): Turns {
  const waiting = new Set<() => void>();
  let taken = 0;

  const giveBack = () => {
    const [next] = waiting;
    if (next === undefined) taken -= 1;
    else next();
  };

  return {
    async take(signal) {
      signal?.throwIfAborted();
      if (taken < most) {
        taken += 1;
        return giveBack;
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const onAbort = () => {
        waiting.delete(begin);
        reject(signal?.reason);
      };
      const begin = () => {
        waiting.delete(begin);
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      waiting.add(begin);
      signal?.addEventListener("abort", onAbort, { once: true });
      await promise;
      return giveBack;
    },
  };
}
