/** Between two looks, milliseconds. Output that has neither gone on nor ended from one to the next is lost. */
const LOOK_EVERY_MS = 1_000;

/**
 * Calls `onLost` when a command has ended, and its output does not. Bun 1.4.5 now and then never reads what a command has
 * printed last, nor the end of it: with some hundred commands a minute it lay in the socket until the deadline. The same
 * comes of a program that outlives the command with its output open.
 */
export function watchOutput(
  child: { once(event: "exit", listener: () => void): unknown },
  { progress, onLost }: { progress: () => number | "slow reader"; onLost: () => void },
): Disposable {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWatched = true;
  // Only from the first look on: this thread may have had no time to read since the command ended.
  const lookAfter = (before?: number | "slow reader") => {
    timer = setTimeout(() => {
      const now = progress();
      if (now === before && now !== "slow reader") onLost();
      else lookAfter(now);
    }, LOOK_EVERY_MS);
  };
  child.once("exit", () => {
    if (isWatched) lookAfter();
  });
  return {
    [Symbol.dispose]() {
      isWatched = false;
      clearTimeout(timer);
    },
  };
}
