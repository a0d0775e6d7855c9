/** What is in the volumes of an agent, as of the last look. */
export class VolumeUse {
  /** Bytes, by path. */
  readonly bytes = new Map<string, number>();
  /** Monotonic milliseconds. */
  lookedAt = Number.NEGATIVE_INFINITY;
  /** Whether it may have changed since. */
  isStale = true;
}
