import { type ErrorCode, RunnerError } from "../errors.ts";
import type { DockerExecSettings, ExecOptions, StreamedChunk } from "./exec.ts";

/** What goes to the thread that runs commands. `of` names a command, `id` a call that is answered. */
export type Call =
  | { op: "open"; settings: DockerExecSettings }
  | { op: "run"; id: number; args: string[]; options: PlainOptions }
  | { op: "stream"; of: number; args: string[]; options: PlainOptions }
  /** Answered with the stream's next chunk, undefined after the last. */
  | { op: "next"; id: number; of: number }
  | { op: "close"; of: number }
  | { op: "abort"; of: number };

export type Answer = { id: number } & Outcome;

export type Outcome = { output: string } | { chunk: StreamedChunk | undefined } | { failure: Failure };

/** A signal stays on its side. */
export type PlainOptions = Omit<ExecOptions, "signal">;

/** An error as it can be copied to another thread, which keeps neither class nor fields. */
export type Failure = {
  message: string;
  /** Undefined for what is no RunnerError. */
  code: ErrorCode | undefined;
  details: Record<string, unknown> | undefined;
};

export function toFailure(error: unknown): Failure {
  if (error instanceof RunnerError)
    return { message: error.message, code: error.code, details: error.details };
  return {
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    code: undefined,
    details: undefined,
  };
}

export function fromFailure({ message, code, details }: Failure): Error {
  if (code === undefined) return new Error(message);
  return new RunnerError(code, message, details === undefined ? {} : { details });
}
