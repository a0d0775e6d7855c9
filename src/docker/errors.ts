import { RunnerError } from "../lib/errors.ts";
import {
  ALREADY_EXISTS,
  BEING_REMOVED,
  NO_NODE,
  NOT_PAUSED,
  NO_SUCH_OBJECT,
  OUT_OF_SEQUENCE,
  PAUSED,
  firstLine,
  knownError,
} from "./error-words.ts";

/** What is known about a failed docker command. */
export type CommandFailure = {
  exitCode: number | undefined;
  /** Node's error code if the program could not be started, such as `ENOENT`. */
  code: string | undefined;
  stderr: string;
  message: string | undefined;
};

/** Characters of an output that a message shows. */
const MAX_SHOWN = 100;

export function commandError(args: string[], failure: CommandFailure): RunnerError {
  if (failure.code !== undefined && failure.code in NOT_STARTED) return notStarted(failure.code);
  if (failure.code !== undefined && SHORT_OF.has(failure.code)) return noProcess(failure.code);
  const text = saidBy(failure) || failure.message || `exit code ${failure.exitCode}`;
  const known = knownError(text);
  if (known !== undefined) return known;
  return new RunnerError("CONTAINER_ERROR", `docker ${verb(args)} failed: ${firstLine(text)}`, {
    details: { exit_code: failure.exitCode ?? null },
  });
}

/** Of a task that no node runs, in the swarm's words. */
export function taskError(said: string): RunnerError {
  return (
    knownError(said) ??
    new RunnerError("CONTAINER_ERROR", `The swarm did not start a container: ${firstLine(said)}`)
  );
}

/** Why the docker CLI could not even be started, by the system's code. */
const NOT_STARTED: Record<string, string> = {
  ENOENT: "was not found on PATH",
  EACCES: "on PATH may not be executed",
  ENOEXEC: "on PATH is no program of this machine",
};

function notStarted(code: string): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `The docker CLI ${NOT_STARTED[code]}: install Docker's CLI with its buildx plugin on the runner's host (docker-ce-cli and docker-buildx-plugin of Docker's own packages, docker-cli and docker-buildx of Debian's).`,
    { details: { reason: "no_docker_cli" } },
  );
}

/** What the host may be short of when a program is there and cannot be started: processes, memory, descriptors. */
const SHORT_OF: ReadonlySet<string> = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "ETXTBSY"]);

function noProcess(code: string): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `The runner could not start the docker CLI (${code}): its host is short of processes, memory or open files. Agents that run keep running; try again when it has some.`,
    { details: { reason: "no_process" } },
  );
}

/** What a command said itself: a build's output comes on the same way, a JSON record on each line. */
function saidBy({ stderr }: CommandFailure): string {
  const lines = stderr.split("\n").filter((line) => !line.startsWith("{"));
  return lines.join("\n").trim();
}

/** A command that ended well, and whose output is not what docker prints: another program may be in its place. */
export function unreadable(args: string[], output: string): RunnerError {
  const said = firstLine(output).slice(0, MAX_SHOWN);
  const what = said === "" ? "nothing" : JSON.stringify(said);
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `docker ${verb(args)} printed ${what}, which is no answer of Docker's: look at the docker on the runner's PATH.`,
    { details: { reason: "unreadable" } },
  );
}

/** A command that printed more than any answer has. */
export function tooMuch(args: string[], limit: number): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `docker ${verb(args)} printed more than ${Math.floor(limit / 1024 ** 2)} MiB, which no answer has: look at the docker on the runner's PATH.`,
    { details: { reason: "unreadable" } },
  );
}

/** A program of the host that is not there, or could not do what it should. */
export function toolError(program: string, failure: Omit<CommandFailure, "exitCode">): RunnerError {
  const text = failure.stderr.trim() || failure.message || "it failed";
  const why = failure.code === "ENOENT" ? `${program} was not found` : `${program}: ${firstLine(text)}`;
  return new RunnerError("ENGINE_UNAVAILABLE", why.replace(/\.$/, ""), {
    details: { reason: "no_firewall" },
  });
}

export function engineTimeout(args: string[], timeoutMs: number): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `docker ${verb(args)} did not finish within ${timeoutMs / 1000} s.`,
    {
      details: { reason: "timeout" },
    },
  );
}

const LOST_OUTPUT = "lost_output";

/** What a command printed did not come, or not whole; nobody can tell what it has done. */
export function lostOutput(args: string[]): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `docker ${verb(args)} has ended, but what it printed did not come. Try again.`,
    { details: { reason: LOST_OUTPUT } },
  );
}

export function isLostOutput(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["reason"] === LOST_OUTPUT;
}

/** A command that says something at once where the engine answers. */
export function engineSilent(args: string[], silenceMs: number): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    `The Docker engine does not answer: docker ${verb(args)} said nothing within ${silenceMs / 1000} s.`,
    { details: { reason: "silent" } },
  );
}

/** As `docker run` says it, of an image that is nowhere. */
export function noSuchImage(reference: string): RunnerError {
  return new RunnerError("CONTAINER_ERROR", `No such image: ${reference}`, {
    details: { reason: NO_SUCH_OBJECT },
  });
}

/** Whether an error says that a container, an image or a network does not exist. */
export function isNoSuchObject(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["reason"] === NO_SUCH_OBJECT;
}

/** For `catch`: undefined where the object does not exist. Any other error goes on. */
export function undefinedIfNoSuchObject(error: unknown): undefined {
  if (!isNoSuchObject(error)) throw error;
}

/** Whether an error says that a container is on its way out, by somebody else's hand. */
export function isBeingRemoved(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["reason"] === BEING_REMOVED;
}

/** Whether an error says that a container is paused. */
export function isPaused(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["reason"] === PAUSED;
}

/** Whether an error says that a container is not paused; it may not run at all. */
export function isNotPaused(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["reason"] === NOT_PAUSED;
}

/** Whether a registry has said that it has no such image, or no such repository for this user. */
export function isNotInRegistry(error: unknown): boolean {
  return (
    error instanceof RunnerError && /: not found$|insufficient_scope|pull access denied/.test(error.message)
  );
}

/** Whether a swarm has no node for a task: for want of room, or of what it asks for. */
export function isWithoutNode(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["reason"] === NO_NODE;
}

/** Whether somebody else has changed a service at the same time. */
export function isOutOfSequence(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["reason"] === OUT_OF_SEQUENCE;
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof RunnerError && error.details?.["reason"] === ALREADY_EXISTS;
}

function isOption(arg = ""): boolean {
  return arg.startsWith("-");
}

/** The command and what it is about: its first two words that are no option and no option's value. */
function verb(args: string[]): string {
  return args
    .filter((arg, at) => !isOption(arg) && (!isOption(args[at - 1]) || args[at - 1] === "--"))
    .slice(0, 2)
    .join(" ");
}
