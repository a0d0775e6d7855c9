/** The agent's server gave an answer that is no HTTP, or broke off. `code` is a Node.js error code. */
export class BrokenAnswerError extends Error {
  override readonly name = "BrokenAnswerError";
  readonly code: "EPROTO" | "ECONNRESET";
  /** Not a byte of the answer had come. */
  readonly isUnanswered: boolean;

  constructor(
    message: string,
    { code, isUnanswered }: { code: "EPROTO" | "ECONNRESET"; isUnanswered?: boolean } = { code: "EPROTO" },
  ) {
    super(message);
    this.code = code;
    this.isUnanswered = isUnanswered ?? false;
  }
}
