import { CommanderError } from "@commander-js/extra-typings";

import { ApiError, NO_RUNNER, UnreachableError } from "../client/errors.ts";
import { messageOf } from "../lib/errors.ts";
import { StartError } from "../lib/start-error.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import { plainLine, plainText } from "./output/safe-line.ts";
import { toldOfUnreachable } from "./unreachable.ts";

type Told = {
  message: string;
  exitCode: ExitCode;
  hint?: string | undefined;
  /** What the runner's answer had besides, for a program. */
  body?: object;
  /** Lines of an agent or of a build that say more. */
  log?: string;
};

/** What to do about errors whose sentences were written for callers of the API. */
function hintOf({ status, code, message }: ApiError): string | undefined {
  const agent = /^Agent ([\w-]+) /.exec(message)?.[1] ?? "<agent>";
  if (code === "UNAUTHORIZED") return "Set OKEN_API_TOKEN, or keep the token with: oken-runner login";
  if (code === NO_RUNNER) return "Name another address with --url or OKEN_URL.";
  if (code === "AGENT_NOT_FOUND") return "See which there are: oken-runner ps";
  if (code === "AGENT_NOT_RUNNING") return `Start it with: oken-runner start ${agent}`;
  if (code === "INVOKE_FAILED" && status === 404)
    return `Call one of its routes with: oken-runner invoke ${agent} --path /`;
  return undefined;
}

/** Tells what ended a command, in a sentence and without a stack, and gives its exit status. */
export function report({ err }: Context, error: unknown, { json }: { json: boolean }): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok;
    // It has printed its own words, but for programs.
    if (!json) return EXIT.usage;
  }
  const { message, exitCode, hint, body, log = "" } = toldOf(error);
  if (json) {
    err.line(
      JSON.stringify({ error: message, code: "CLI_ERROR", ...(hint !== undefined && { hint }), ...body }),
    );
    return exitCode;
  }
  // Last comes what matters most.
  if (log.trim() !== "")
    for (const line of log.trimEnd().split("\n")) err.line(err.paint("dim", `  ${plainLine(line)}`));
  err.prose(`${err.paint("red", "oken-runner:")} ${plainText(message)}`);
  if (hint !== undefined) err.prose(plainText(hint));
  return exitCode;
}

function toldOf(error: unknown): Told {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) return commandLine(error);
  if (error instanceof StartError) return { message: error.message, exitCode: EXIT.usage };
  if (error instanceof ApiError) return apiError(error);
  if (error instanceof UnreachableError) return toldOfUnreachable(error);
  return { message: messageOf(error), exitCode: EXIT.failed };
}

function commandLine({ code, message }: CommanderError): Told {
  return {
    message:
      code === "commander.help"
        ? "no command is named"
        : message.replace(/^error: /, "").replaceAll("\n", " "),
    exitCode: EXIT.usage,
    hint: "See oken-runner --help.",
  };
}

function apiError(error: ApiError): Told {
  const { message, status, code, details } = error;
  // The sentence itself may have them: some callers read nothing else.
  const text = (name: string) => {
    const value = details[name];
    return typeof value === "string" && !message.includes(value.trim()) ? value : undefined;
  };
  return {
    message,
    exitCode: exitCodeOf(status, code),
    hint: text("hint") ?? hintOf(error),
    body: { code, details },
    log: text("log") ?? text("traceback") ?? "",
  };
}

function exitCodeOf(status: number, code: string): ExitCode {
  if (code === "UNAUTHORIZED" || code === "FORBIDDEN") return EXIT.denied;
  if (code === NO_RUNNER) return EXIT.unreachable;
  return status === 404 ? EXIT.missing : EXIT.failed;
}
