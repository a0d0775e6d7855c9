import { type ErrorCode, RunnerError } from "../lib/errors.ts";
import type { ContainerSettings } from "./args.ts";
import type { DockerExecSettings } from "./exec.ts";
import type { BuildEvent, Engine } from "./types.ts";

export type EngineSettings = {
  exec: DockerExecSettings;
  containers: ContainerSettings;
  /** Of the commands that are started, -20 to 19. */
  niceness: number;
};

/** Of an engine's methods, those that answer once, and those that give one thing after another. */
export const CALLS = [
  "ping",
  "ensureNetwork",
  "networkExists",
  "buildImage",
  "exportStage",
  "buildWheels",
  "removeBuildNetworks",
  "platform",
  "imageExists",
  "removeImages",
  "listImages",
  "startContainer",
  "containerFingerprint",
  "restartContainer",
  "limitCpus",
  "boostCpus",
  "stopContainer",
  "removeContainer",
  "inspectContainer",
  "listContainers",
  "logs",
  "usage",
] as const satisfies (keyof Engine)[];
export const STREAMS = ["followLogs", "exits"] as const satisfies (keyof Engine)[];

export type CallName = (typeof CALLS)[number];
export type StreamName = (typeof STREAMS)[number];

/**
 * What goes to the engine's thread. `id` names one call or stream. A signal and a listener among the options stay here
 * (`hooked`); the thread puts in their place what sends `event` and hears `abort`.
 */
export type ToEngine =
  | { op: "open"; settings: EngineSettings }
  | { op: "call"; id: number; method: CallName; args: unknown[]; hooked: boolean }
  | { op: "stream"; id: number; method: StreamName; args: unknown[]; hooked: boolean }
  /** So many more items may be sent. */
  | { op: "credit"; id: number; items: number }
  | { op: "abort"; id: number }
  /** Ends what still runs, and is answered when it has ended. */
  | { op: "close"; id: number };

/** What comes back. `value` is what the method gives; an item of a stream is one of its values. */
export type FromEngine = { id: number } & (
  | { kind: "event"; event: BuildEvent }
  | { kind: "item" | "result"; value: unknown }
  | { kind: "failure"; failure: Failure }
);

/** Items of a stream that may be on their way before the first of them is taken. */
export const STREAM_WINDOW = 256;

/** An error as it can be copied to another thread, which keeps neither class nor fields. */
export type Failure = {
  message: string;
  /** Undefined for what is no RunnerError: a bug. */
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
