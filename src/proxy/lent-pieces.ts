import { SpentMemory } from "../lib/spent-memory.ts";

/** Bytes of a buffer from which it is freed at once. For smaller ones that costs more than to collect them. */
const LARGE_BUFFER = 16 * 1024;

/** Shared by all that lend nothing large: there may be ten thousand open streams. */
const NONE: ArrayBuffer[] = [];

/**
 * The memory of the pieces that a reader has of a body. What is large is freed as soon as the reader asks for more: left
 * to the garbage collector, twenty bodies of 60 MB at once cost 68 to 267 MiB, and so cost 10 to 34. So a reader must be
 * done with a piece before it asks for the next one.
 */
export class LentPieces {
  /** Buffers of pieces that wait, or that the reader has. */
  #lent: ArrayBuffer[] = NONE;
  #collectable = 0;
  readonly #spent = new SpentMemory();

  lend({ buffer, length }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < LARGE_BUFFER) this.#collectable += length;
    // One buffer may have several pieces, one after the other.
    else if (this.#lent.at(-1) !== buffer) this.#lent = [...this.#lent, buffer];
  }

  /** The reader waits for more: it is done with all that it was given. */
  asked(): void {
    for (const buffer of this.#lent) buffer.transfer(0);
    this.#lent = NONE;
    this.#spent.add(this.#collectable);
    this.#collectable = 0;
  }
}
