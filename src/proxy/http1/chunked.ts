import { BrokenAnswerError } from "./errors.ts";

/** Longest line of a chunk's size with its extensions, and of all trailers, bytes. */
const MAX_LINE = 8 * 1024;

const SIZE = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i;

type State = "size" | "data" | "data-end" | "trailer" | "done";

/**
 * Reads a body in chunks (RFC 9112 section 7.1). Extensions and trailers are dropped. A class, like all that each open
 * stream has: functions made for each would take more memory than what they hold.
 */
export class ChunkedReader {
  #state: State = "size";
  #line = "";
  #left = 0;

  /** Hands on the data in `bytes`. Returns the bytes behind the body; undefined while it goes on. Throws BrokenAnswerError. */
  read(bytes: Buffer, onData: (data: Buffer) => void): Buffer | undefined {
    let at = 0;
    while (this.#state !== "done") {
      if (at >= bytes.length) return undefined;
      if (this.#state === "data") {
        const end = Math.min(bytes.length, at + this.#left);
        onData(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#state = "data-end";
      } else at = this.#readLine(bytes, at);
    }
    return bytes.subarray(at);
  }

  /** Adds to the line until its end. Returns where to go on. */
  #readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf("\n", at);
    this.#line += bytes.toString("latin1", at, end === -1 ? bytes.length : end);
    if (this.#line.length > MAX_LINE)
      throw new BrokenAnswerError("a chunk of its answer has a line that is too long");
    if (end === -1) return bytes.length;
    const whole = this.#line;
    this.#line = "";
    if (!whole.endsWith("\r")) throw new BrokenAnswerError("a chunk of its answer is not valid");
    this.#onLine(whole.slice(0, -1));
    return end + 1;
  }

  #onLine(text: string): void {
    if (this.#state === "size") {
      const match = SIZE.exec(text);
      if (match === null) throw new BrokenAnswerError("a chunk of its answer has no valid size");
      this.#left = Number.parseInt(match[1] ?? "", 16);
      this.#state = this.#left === 0 ? "trailer" : "data";
    } else if (this.#state === "data-end") {
      if (text !== "") throw new BrokenAnswerError("a chunk of its answer is longer than its size");
      this.#state = "size";
    } else if (text === "") this.#state = "done";
  }
}
