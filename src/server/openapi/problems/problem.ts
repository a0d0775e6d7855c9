import type { ErrorCode } from "../../../lib/errors.ts";

/** One way to fail, for the document. */
export type Problem = {
  code: ErrorCode;
  /** `4XX` stands for every status from 400 to 499. */
  status: number | "4XX" | "5XX";
  when: string;
  /** The sentence of the example. */
  error: string;
  details?: Record<string, unknown>;
  headers?: ("Retry-After" | "WWW-Authenticate")[];
};
