import { EXIT, type ExitCode } from "./exit-codes.ts";

type FailureOptions = {
  exitCode?: ExitCode;
  /** What to do about it, a sentence of its own. */
  hint?: string | undefined;
  cause?: unknown;
};

/** What a command ends with when it cannot do what it was asked for: one sentence, and what to do about it. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(message: string, { exitCode = EXIT.failed, hint, cause }: FailureOptions = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** A file that a command line names, and that there is not. */
export function noFile(path: string): Failure {
  return new Failure(`there is no file ${path}.`, { exitCode: EXIT.missing });
}

/** A command line that cannot be meant as it is. */
export function usageFailure(message: string, hint?: string): Failure {
  return new Failure(message, { exitCode: EXIT.usage, hint });
}
