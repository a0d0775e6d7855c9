/** Ranges of durations, three in each doubling from half a millisecond to about nine minutes. */
const RANGES = 60;
const PER_DOUBLING = 3;
const SHORTEST_MS = 0.5;

/** How often durations of each range were seen: a fixed size for any number of them, and quantiles within 13 %. */
export class Durations {
  readonly #counts = new Uint32Array(RANGES);

  add(ms: number): void {
    const range = Math.floor(Math.log2(Math.max(ms, SHORTEST_MS) / SHORTEST_MS) * PER_DOUBLING);
    const at = Math.min(range, RANGES - 1);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  addAll(other: Durations): void {
    for (const [at, count] of other.#counts.entries()) this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  /** Milliseconds, to three digits; null where nothing was seen. */
  quantile(share: number): number | null {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return null;
    let left = Math.ceil(share * total);
    const range = this.#counts.findIndex((count) => (left -= count) <= 0);
    const middle = SHORTEST_MS * 2 ** ((range + 0.5) / PER_DOUBLING);
    return Number(middle.toPrecision(3));
  }
}
