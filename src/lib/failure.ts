import { type ErrorCode, RunnerError } from "./errors.ts";

/** An error in a form that survives the copy to another thread, which drops its class and fields. */
export type Failure = {
  message: string;
  /** Undefined if it is no RunnerError, but a bug. */
  known: { code: ErrorCode; status: number; headers: Record<string, string>; details: unknown } | undefined;
};

export function toFailure(error: unknown): Failure {
  if (error instanceof RunnerError) {
    const { message, code, status, headers, details } = error;
    return { message, known: { code, status, headers, details } };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message, known: undefined };
}

export function fromFailure({ message, known }: Failure): Error {
  if (known === undefined) return new Error(message);
  const { code, status, headers, details } = known;
  return new RunnerError(code, message, {
    status,
    headers,
    ...(typeof details === "object" && details !== null ? { details: { ...details } } : {}),
  });
}
