/** The code of an answer that no runner gave. */
export const NO_RUNNER = "NO_RUNNER";

/** An answer of the API that says no. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;

  constructor(status: number, { error, code, details = {} }: ErrorBody) {
    super(error);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export type ErrorBody = { error: string; code: string; details?: Record<string, unknown> };

export function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === "object" && body !== null && "error" in body && typeof body.error === "string";
}

/** No answer came: nobody listens, or the connection was lost. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly address: string;
  /** Of the system, or of the program's TLS. */
  readonly code: string | undefined;
  readonly isRefused: boolean;

  constructor(address: string, cause: unknown) {
    const code = codeOf(cause);
    super(`no answer from ${address}${code === undefined ? "" : ` (${code})`}`, { cause });
    this.address = address;
    this.code = code;
    this.isRefused = ["ConnectionRefused", "ECONNREFUSED", "FailedToOpenSocket", "ENOENT"].includes(
      code ?? "",
    );
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
