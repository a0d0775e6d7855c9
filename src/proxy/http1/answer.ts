import { ChunkedReader } from "./chunked.ts";
import { BrokenAnswerError } from "./errors.ts";
import { type AnswerHead, type Framing, parseHead } from "./head.ts";

/** Longest head of an answer, bytes. */
const MAX_HEAD = 64 * 1024;

/** Most interim answers before the one that counts: an upload that takes an hour may have one a second. */
const MAX_INTERIM = 5_000;

const HEAD_END = "\r\n\r\n";

/** What is told of an answer as it comes. */
export type AnswerListener = {
  head(head: AnswerHead): void;
  data(bytes: Buffer): void;
  end(): void;
};

/** Reads one answer from the bytes of a connection. */
export class AnswerReader {
  readonly #method: string;
  readonly #listener: AnswerListener;
  #early: Buffer | undefined;
  #interim = 0;
  #framing: Framing | undefined;
  #isPersistent = false;
  #left = 0;
  #isWhole = false;
  #surplus = 0;
  #hasBegun = false;
  #chunked: ChunkedReader | undefined;

  constructor(method: string, listener: AnswerListener) {
    this.#method = method;
    this.#listener = listener;
  }

  /** The connection can take another request: the answer is whole, and said nothing against it. */
  get isReusable(): boolean {
    return this.#isWhole && this.#surplus === 0 && this.#isPersistent;
  }

  /** Throws BrokenAnswerError. */
  read(bytes: Buffer): void {
    this.#hasBegun = true;
    if (this.#isWhole) {
      this.#surplus += bytes.length;
      return;
    }
    const rest = this.#framing === undefined ? this.#readHead(bytes) : bytes;
    if (this.#framing !== undefined && rest !== undefined) this.#readBody(this.#framing, rest);
  }

  /** The other side will send no more. Throws BrokenAnswerError when the answer is not whole. */
  close(): void {
    if (this.#isWhole) return;
    if (this.#framing?.kind === "close") {
      this.#end(Buffer.alloc(0));
      return;
    }
    throw new BrokenAnswerError(
      this.#framing === undefined ? "it closed the connection before it answered" : "it broke off its answer",
      { code: "ECONNRESET", isUnanswered: !this.#hasBegun },
    );
  }

  #end(rest: Buffer): void {
    this.#isWhole = true;
    this.#surplus = rest.length;
    this.#listener.end();
  }

  #readHead(bytes: Buffer): Buffer | undefined {
    let all = this.#early === undefined ? bytes : Buffer.concat([this.#early, bytes]);
    this.#early = undefined;
    for (;;) {
      const at = all.indexOf(HEAD_END);
      if (at === -1 ? all.length > MAX_HEAD : at > MAX_HEAD)
        throw new BrokenAnswerError("its answer has too many headers");
      if (at === -1) {
        this.#early = all;
        return undefined;
      }
      const head = parseHead(all.toString("latin1", 0, at), this.#method);
      all = all.subarray(at + HEAD_END.length);
      if (head.status === 101) throw new BrokenAnswerError("it switched protocols unasked");
      // An interim answer: the one that counts follows (RFC 9110 section 15.2).
      if (head.status >= 200) return this.#begin(head, all);
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) throw new BrokenAnswerError("it has too many interim answers");
    }
  }

  #begin(head: AnswerHead, rest: Buffer): Buffer {
    // The headers are not kept: a stream may last for days.
    this.#framing = head.framing;
    this.#isPersistent = head.isPersistent;
    if (head.framing.kind === "length") this.#left = head.framing.length;
    this.#listener.head(head);
    return rest;
  }

  #readBody(framing: Framing, bytes: Buffer): void {
    if (framing.kind === "none") return this.#end(bytes);
    if (framing.kind === "close") return bytes.length > 0 ? this.#listener.data(bytes) : undefined;
    if (framing.kind === "chunked") {
      this.#chunked ??= new ChunkedReader();
      const rest = this.#chunked.read(bytes, (data) => this.#listener.data(data));
      return rest === undefined ? undefined : this.#end(rest);
    }
    const own = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= own.length;
    if (own.length > 0) this.#listener.data(own);
    return this.#left === 0 ? this.#end(bytes.subarray(own.length)) : undefined;
  }
}
