/** Milliseconds since the epoch, finer than `Date.now()`. Other processes' monotonic clocks begin elsewhere. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
