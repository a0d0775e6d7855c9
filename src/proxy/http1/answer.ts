import { createChunkedReader } from "./chunked.ts";
import { BrokenAnswerError } from "./errors.ts";
import { type AnswerHead, parseHead } from "./head.ts";

/** Longest head of an answer, bytes. */
const MAX_HEAD = 64 * 1024;

const HEAD_END = "\r\n\r\n";

/** What is told of an answer as it comes. */
export type AnswerListener = {
  head(head: AnswerHead): void;
  data(bytes: Buffer): void;
  end(): void;
};

/** Reads one answer from the bytes of a connection. */
export type AnswerReader = {
  /** The connection can take another request: the answer is whole, and said nothing against it. */
  readonly isReusable: boolean;
  /** Throws BrokenAnswerError. */
  read(bytes: Buffer): void;
  /** The other side will send no more. Throws BrokenAnswerError when the answer is not whole. */
  close(): void;
};

export function createAnswerReader(method: string, listener: AnswerListener): AnswerReader {
  let head: AnswerHead | undefined;
  let early: Buffer | undefined;
  let left = 0;
  let isWhole = false;
  let surplus = 0;
  let hasBegun = false;
  const chunked = createChunkedReader();

  function end(rest: Buffer): void {
    isWhole = true;
    surplus = rest.length;
    listener.end();
  }

  function readHead(bytes: Buffer): Buffer | undefined {
    const all = early === undefined ? bytes : Buffer.concat([early, bytes]);
    const at = all.indexOf(HEAD_END);
    if (at === -1 ? all.length > MAX_HEAD : at > MAX_HEAD)
      throw new BrokenAnswerError("its answer has too many headers");
    if (at === -1) {
      early = all;
      return undefined;
    }
    early = undefined;
    const parsed = parseHead(all.toString("latin1", 0, at), method);
    const rest = all.subarray(at + HEAD_END.length);
    if (parsed.status === 101) throw new BrokenAnswerError("it switched protocols unasked");
    // An interim answer: the one that counts follows (RFC 9110 section 15.2).
    if (parsed.status < 200) return readHead(rest);
    head = parsed;
    if (parsed.framing.kind === "length") left = parsed.framing.length;
    listener.head(parsed);
    return rest;
  }

  function readBody({ framing }: AnswerHead, bytes: Buffer): void {
    if (framing.kind === "none") return end(bytes);
    if (framing.kind === "close") return bytes.length > 0 ? listener.data(bytes) : undefined;
    if (framing.kind === "chunked") {
      const rest = chunked.read(bytes, (data) => listener.data(data));
      return rest === undefined ? undefined : end(rest);
    }
    const own = bytes.length > left ? bytes.subarray(0, left) : bytes;
    left -= own.length;
    if (own.length > 0) listener.data(own);
    return left === 0 ? end(bytes.subarray(own.length)) : undefined;
  }

  return {
    get isReusable() {
      return isWhole && surplus === 0 && head?.isPersistent === true;
    },
    read(bytes) {
      hasBegun = true;
      if (isWhole) {
        surplus += bytes.length;
        return;
      }
      const rest = head === undefined ? readHead(bytes) : bytes;
      if (head !== undefined && rest !== undefined) readBody(head, rest);
    },
    close() {
      if (isWhole) return;
      if (head?.framing.kind === "close") return end(Buffer.alloc(0));
      throw new BrokenAnswerError(
        head === undefined ? "it closed the connection before it answered" : "it broke off its answer",
        { code: "ECONNRESET", isUnanswered: !hasBegun },
      );
    },
  };
}
