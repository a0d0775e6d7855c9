/**
 * All error codes, with the HTTP status that each has by default. A code is for programs, the message is a sentence for
 * people, and `details` is data that a program can act on.
 */
export const STATUS_OF_CODE = {
  AGENT_NOT_FOUND: 404,
  AGENT_NOT_RUNNING: 400,
  CONFIG_ERROR: 400,
  BUILD_FAILED: 400,
  CONTAINER_ERROR: 500,
  INVOKE_FAILED: 502,
  INVALID_REQUEST: 400,
  ARCHIVE_NOT_GZIP: 415,
  ARCHIVE_CORRUPT: 400,
  ARCHIVE_UNSAFE: 422,
  ARCHIVE_TOO_LARGE: 413,
  ARCHIVE_EMPTY: 422,
  AGENT_START_FAILED: 422,
  AGENT_BUSY: 429,
  DEPLOY_CONFLICT: 409,
  BUILD_TIMEOUT: 504,
  ENGINE_UNAVAILABLE: 503,
  SHUTTING_DOWN: 503,
  OVERLOADED: 503,
  DISK_FULL: 507,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  INTERNAL: 500,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof STATUS_OF_CODE;

/** Seconds after which a caller may try again, where the error itself does not know better. */
const RETRY_AFTER: { [C in ErrorCode]?: string } = {
  // An engine that is restarted is away for some seconds.
  ENGINE_UNAVAILABLE: "5",
};

export type ErrorOptions = {
  details?: Record<string, unknown>;
  /** Replaces the default status, for codes that have several: INVALID_REQUEST, INVOKE_FAILED. */
  status?: number;
  /** Extra response headers, such as `Retry-After`. */
  headers?: Record<string, string>;
  cause?: unknown;
};

/** The only error that the runner throws on purpose. Any other is a bug, and the caller sees `INTERNAL`. */
export class RunnerError extends Error {
  override readonly name = "RunnerError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: Record<string, unknown> | undefined;
  readonly headers: Record<string, string>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? STATUS_OF_CODE[code];
    this.details = options.details;
    const retryAfter = RETRY_AFTER[code];
    this.headers = options.headers ?? (retryAfter === undefined ? {} : { "Retry-After": retryAfter });
  }
}

/** For a line of the log: what was thrown on purpose has said all, and of anything else the stack matters. */
export function whyOf(error: unknown): { reason: string } | { err: unknown } {
  return error instanceof RunnerError ? { reason: error.message } : { err: error };
}

/** The message of any thrown value, for a log line or a `cause`. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
