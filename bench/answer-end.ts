const HEAD_END = "\r\n\r\n";
const LAST_CHUNK = "\r\n0\r\n\r\n";

/** Finds where an answer ends, by its length or its last chunk. A large one costs no more than its pieces. */
export class AnswerEnd {
  /** The head, once it has come, with the part of the body that came beside it. */
  head = "";
  #isBody = false;
  /** Bytes of the body still to come; infinite for one in chunks. */
  #left = 0;
  #tail = "";

  /** Takes the next piece. True for the last one. */
  take(piece: Buffer): boolean {
    if (!this.#isBody) {
      this.head += piece.toString("latin1");
      const headEnd = this.head.indexOf(HEAD_END);
      if (headEnd === -1) return false;
      this.#isBody = true;
      const length = /\r\ncontent-length: *(\d+)/i.exec(this.head.slice(0, headEnd))?.[1];
      this.#left = length === undefined ? Infinity : Number(length);
      this.#left -= this.head.length - headEnd - HEAD_END.length;
    } else this.#left -= piece.length;
    if (Number.isFinite(this.#left)) return this.#left <= 0;
    this.#tail = (this.#tail + piece.toString("latin1", Math.max(0, piece.length - LAST_CHUNK.length))).slice(
      -LAST_CHUNK.length,
    );
    return this.#tail === LAST_CHUNK;
  }
}
