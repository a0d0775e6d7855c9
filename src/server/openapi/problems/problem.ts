import type { ErrorCode } from "../../../lib/errors.ts";

/** One way to fail, as the document shows it. */
export type Problem = {
  code: ErrorCode;
  /** `4XX`: any status of that hundred. */
  status: number | "4XX" | "5XX";
  when: string;
  /** The sentence of the example. */
  error: string;
  details?: Record<string, unknown>;
  headers?: ("Retry-After" | "WWW-Authenticate")[];
};
