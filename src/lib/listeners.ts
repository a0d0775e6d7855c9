type Entry<T> = { listener: (value: T) => void; at: number };

/**
 * Listeners that come and go with each request, called in any order. A `Set` of them gave the garbage collector a tenth
 * of an invoke's processor time: what is deleted stays in its table until that is copied.
 */
export class Listeners<T> {
  readonly #entries: Entry<T>[] = [];

  /** Returns how to take it back, which may be done more than once. */
  add(listener: (value: T) => void): () => void {
    const entry: Entry<T> = { listener, at: this.#entries.length };
    this.#entries.push(entry);
    return () => this.#remove(entry);
  }

  /** Calls those that are there now. */
  call(value: T): void {
    for (const { listener } of [...this.#entries]) listener(value);
  }

  /** The last one takes its place. */
  #remove(entry: Entry<T>): void {
    if (this.#entries[entry.at] !== entry) return;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    last.at = entry.at;
    this.#entries[entry.at] = last;
  }
}
