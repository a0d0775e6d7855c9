/** The source of time. A test has its own, which stands still. */
export type Clock = {
  /** Wall clock in milliseconds since the epoch, for display and records. */
  now(): number;
  /** Milliseconds for measuring durations. They only grow, even when the wall clock is set back. */
  monotonic(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms`. The function that it returns cancels that. */
  timer(ms: number, callback: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
  timer(ms, callback) {
    let timer: NodeJS.Timeout | undefined = setTimeout(callback, ms);
    return () => {
      clearTimeout(timer);
      // Whoever may cancel it holds it, and its callback, perhaps for long.
      timer = undefined;
    };
  },
};
