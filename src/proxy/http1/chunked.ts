import { BrokenAnswerError } from "./errors.ts";

/** Longest line of a chunk's size with its extensions, and of all trailers, bytes. */
const MAX_LINE = 8 * 1024;

const SIZE = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i;

type State = "size" | "data" | "data-end" | "trailer" | "done";

/** Reads a body in chunks (RFC 9112 section 7.1). Extensions and trailers are dropped. */
export type ChunkedReader = {
  /** Hands on the data in `bytes`. Returns the bytes behind the body; undefined while it goes on. Throws BrokenAnswerError. */
  read(bytes: Buffer, onData: (data: Buffer) => void): Buffer | undefined;
};

export function createChunkedReader(): ChunkedReader {
  let state: State = "size";
  let line = "";
  let left = 0;

  /** Adds to the line until its end. Returns where to go on. */
  function readLine(bytes: Buffer, at: number): { at: number; line: string | undefined } {
    const end = bytes.indexOf("\n", at);
    line += bytes.toString("latin1", at, end === -1 ? bytes.length : end);
    if (line.length > MAX_LINE)
      throw new BrokenAnswerError("a chunk of its answer has a line that is too long");
    if (end === -1) return { at: bytes.length, line: undefined };
    const whole = line;
    line = "";
    if (!whole.endsWith("\r")) throw new BrokenAnswerError("a chunk of its answer is not valid");
    return { at: end + 1, line: whole.slice(0, -1) };
  }

  function onLine(text: string): void {
    if (state === "size") {
      const match = SIZE.exec(text);
      if (match === null) throw new BrokenAnswerError("a chunk of its answer has no valid size");
      left = Number.parseInt(match[1] ?? "", 16);
      state = left === 0 ? "trailer" : "data";
    } else if (state === "data-end") {
      if (text !== "") throw new BrokenAnswerError("a chunk of its answer is longer than its size");
      state = "size";
    } else if (text === "") state = "done";
  }

  return {
    read(bytes, onData) {
      let at = 0;
      while (state !== "done") {
        if (at >= bytes.length) return undefined;
        if (state === "data") {
          const end = Math.min(bytes.length, at + left);
          onData(bytes.subarray(at, end));
          left -= end - at;
          at = end;
          if (left === 0) state = "data-end";
        } else {
          const next = readLine(bytes, at);
          at = next.at;
          if (next.line !== undefined) onLine(next.line);
        }
      }
      return bytes.subarray(at);
    },
  };
}
