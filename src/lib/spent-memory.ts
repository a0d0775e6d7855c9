/** Bytes of pieces after which their memory is taken back. */
const EVERY_BYTES = 16 * 1024 * 1024;

/**
 * Has the memory of a long body's pieces taken back. Each is a buffer of its own, and left to itself the garbage
 * collector lets them grow to the size of all that is in use: a gigabyte cost 70 to 120 MiB, and so costs 20 to 40.
 * `Bun.gc(false)` collects in another thread, and takes 20 µs of this one.
 */
export class SpentMemory {
  #bytes = 0;
  readonly #collect: () => void;
  readonly #everyBytes: number;

  constructor(collect = collectSoon, everyBytes = EVERY_BYTES) {
    this.#collect = collect;
    this.#everyBytes = everyBytes;
  }

  /** So many bytes more have passed. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#everyBytes) return;
    this.#bytes = 0;
    this.#collect();
  }
}

/**
 * For work that makes garbage faster than another thread collects it: it waits, for 10 to 20 ms. 200 MB that are
 * received and unpacked cost 34 to 42 MiB so, and 70 to 90 without waiting.
 */
export function collectNow(): void {
  Bun.gc(true);
}

/** Not before the piece at hand has been passed on: what a collection finds in use, it looks at late again. */
function collectSoon(): void {
  setImmediate(() => Bun.gc(false));
}
