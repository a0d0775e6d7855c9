import { CommanderError } from "@commander-js/extra-typings";

import { ApiError, UnreachableError } from "../client/errors.ts";
import { messageOf } from "../lib/errors.ts";
import { StartError } from "../lib/start-error.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { Failure } from "./failure.ts";

type Told = { message: string; exitCode: ExitCode; hint?: string | undefined; body?: object };

/** Tells what ended a command, in a sentence and without a stack, and gives its exit status. */
export function report({ err }: Context, error: unknown, { json }: { json: boolean }): ExitCode {
  // It has printed its own words.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { message, exitCode, hint, body } = toldOf(error);
  if (json) {
    err.line(
      JSON.stringify({ error: message, code: "CLI_ERROR", ...(hint !== undefined && { hint }), ...body }),
    );
    return exitCode;
  }
  err.line(`${err.paint("red", "oken-runner:")} ${message}`);
  if (hint !== undefined) err.line(hint);
  return exitCode;
}

function toldOf(error: unknown): Told {
  if (error instanceof Failure) return error;
  if (error instanceof StartError) return { message: error.message, exitCode: EXIT.usage };
  if (error instanceof ApiError) return apiError(error);
  if (error instanceof UnreachableError) return unreachable(error);
  return { message: messageOf(error), exitCode: EXIT.failed };
}

function apiError({ message, status, code, details }: ApiError): Told {
  const hint = typeof details["hint"] === "string" ? details["hint"] : undefined;
  const body = { code, details };
  if (code === "UNAUTHORIZED" || code === "FORBIDDEN") {
    const login = "Set OKEN_API_TOKEN, or keep the token with: oken-runner login";
    return { message, exitCode: EXIT.denied, hint: hint ?? login, body };
  }
  return { message, exitCode: status === 404 ? EXIT.missing : EXIT.failed, hint, body };
}

function unreachable({ address, message, isRefused }: UnreachableError): Told {
  if (!isRefused) return { message: `${message}.`, exitCode: EXIT.unreachable };
  return {
    message: `no runner answers at ${address}.`,
    exitCode: EXIT.unreachable,
    hint: "Start one with: oken-runner serve\nOr name another with --url or OKEN_URL.",
  };
}
