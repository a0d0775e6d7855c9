import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { Clock } from "../lib/clock.ts";
import type { Engine, RunningContainer } from "../docker/types.ts";
import { RunnerError } from "../lib/errors.ts";
import { exitedWith } from "../lib/exit-words.ts";
import { askHealth } from "./control.ts";
import type { Exits } from "./exits.ts";
import { originOf } from "./origin.ts";

/** First pause between two probes, milliseconds: the runtime answers within 150 ms of its start. */
const FIRST_PAUSE_MS = 5;
/** Longest pause, for a runtime that answers before it has anything to say. */
const LONGEST_PAUSE_MS = 20;
const PAUSE_GROWTH = 1.3;

/** How long the runtime may wait with its answer while the agent starts. */
const WAIT_MS = 1_000;

/** One probe's deadline beyond that wait. A container that is gone leaves its address unanswered. */
const PROBE_TIMEOUT_MS = 1_000;

/**
 * How often to ask the engine whether a silent container still runs, milliseconds. The engine's events say so at once;
 * this is for when they cannot be followed.
 */
const INSPECT_EVERY_MS = 2_000;

/** Longest text that a runtime's words may have in an error, characters. The agent's exception is among them. */
const MAX_MESSAGE = 4_000;

/** What the runtime inside the container says of itself on its control port. */
const RuntimeHealth = Type.Object({
  state: Type.String(),
  reason: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  message: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  /** What the start has waited for so long that its author may want to know. */
  trouble: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});
type RuntimeHealth = Static<typeof RuntimeHealth>;

const START_FAILURES = [
  "exited",
  "timeout",
  "wrong_port",
  "bound_to_localhost",
  "oom",
  "import_error",
] as const;
type StartFailure = (typeof START_FAILURES)[number];

/** A container that was told to start, and how long the wait for it may take. */
export type Readiness = {
  agentId: string;
  container: RunningContainer;
  controlPort: number;
  /** When the container was told to start, monotonic milliseconds. */
  startedAt: number;
  timeoutMs: number;
  signal: AbortSignal;
  /** Called with each thing that the start has waited for too long. */
  onTrouble?: ((trouble: string) => void) | undefined;
};

/**
 * Resolves when the agent serves. Rejects with AGENT_START_FAILED as soon as its container exits, its runtime says that
 * it cannot serve, or the deadline passes; with CONTAINER_ERROR when an operator ended the container; with the signal's
 * reason when that aborts.
 */
export type WaitUntilReady = (start: Readiness) => Promise<void>;

export function createReadiness(parts: {
  engine: Pick<Engine, "inspectContainer">;
  exits: Pick<Exits, "lastAt" | "lastSignalAt" | "lostNode">;
  clock: Clock;
}): WaitUntilReady {
  const { engine, exits, clock } = parts;
  return async (start) => {
    const { container, signal } = start;
    const origin = originOf(container, start.controlPort);
    const deadline = clock.monotonic() + start.timeoutMs;
    let inspected = start.startedAt;
    let pause = FIRST_PAUSE_MS;
    let last: RuntimeHealth | undefined;
    const isDue = (since: number) =>
      (exits.lastAt(container.id) ?? since) > since || clock.monotonic() - since >= INSPECT_EVERY_MS;

    for (;;) {
      signal.throwIfAborted();
      const askedAt = clock.monotonic();
      const health = await probe(origin, { wait: deadline - askedAt > WAIT_MS, signal });
      if (health !== undefined) {
        if (health.state === "ready" || health.state === "busy") return;
        if (health.state === "failed" || health.state === "crashed") throw notReady(start, health);
        if (health.trouble && health.trouble !== last?.trouble)
          start.onTrouble?.(health.trouble.slice(0, MAX_MESSAGE));
        last = health;
      } else if (isDue(inspected)) {
        inspected = clock.monotonic();
        await requireRunning(start, { engine, exits });
      }
      if (clock.monotonic() >= deadline) throw timedOut(start, last);
      await clock.sleep(Math.max(0, pause - (clock.monotonic() - askedAt)), signal);
      pause = Math.min(pause * PAUSE_GROWTH, LONGEST_PAUSE_MS);
    }
  };
}

/** With `wait` the runtime answers when the start has come out: RFC 7240, section 4.3. */
async function probe(
  origin: string,
  { wait, signal }: { wait: boolean; signal: AbortSignal },
): Promise<RuntimeHealth | undefined> {
  try {
    const body = await askHealth(origin, {
      headers: wait ? { prefer: `wait=${WAIT_MS / 1000}` } : {},
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS + (wait ? WAIT_MS : 0))]),
    });
    return Value.Check(RuntimeHealth, body) ? body : undefined;
  } catch {
    // Not listening yet, or gone: the caller asks the engine which.
    return undefined;
  }
}

async function requireRunning(
  { agentId, container, startedAt }: Readiness,
  {
    engine,
    exits,
  }: { engine: Pick<Engine, "inspectContainer">; exits: Pick<Exits, "lastSignalAt" | "lostNode"> },
): Promise<void> {
  const node = exits.lostNode(container.id);
  if (node !== undefined)
    throw new RunnerError(
      "CONTAINER_ERROR",
      `Agent ${agentId} did not start: it was lost with its node ${node}.`,
    );
  const state = await engine.inspectContainer(container.name);
  if (state?.id !== container.id) throw interrupted(agentId, "its container was removed");
  if (state.running) {
    const isReachable = state.address !== "" && state.address === container.address;
    if (!isReachable) throw interrupted(agentId, "its container lost its network");
    if (state.paused) throw interrupted(agentId, "its container was paused");
    return;
  }
  if ((exits.lastSignalAt(container.id) ?? startedAt) > startedAt)
    throw interrupted(agentId, "its container was stopped");
  if (state.oomKilled)
    throw startFailed(agentId, { reason: "oom" }, "it ran out of memory. Raise `memory` in oken.toml");
  const { exitCode } = state;
  throw startFailed(agentId, { reason: "exited", exit_code: exitCode }, `it ${exitedWith(exitCode)}`);
}

/** By somebody else's hand: no fault of the agent, so that its next start may do better. */
function interrupted(agentId: string, what: string): RunnerError {
  return new RunnerError(
    "CONTAINER_ERROR",
    `Agent ${agentId} did not start: ${what} from outside the runner.`,
  );
}

function notReady({ agentId }: Readiness, health: RuntimeHealth): RunnerError {
  return startFailed(
    agentId,
    { reason: toReason(health.reason) },
    health.message ?? "its runtime reported a failure",
  );
}

function timedOut(
  { agentId, timeoutMs, controlPort }: Readiness,
  last: RuntimeHealth | undefined,
): RunnerError {
  const limit = `not ready after ${timeoutMs / 1000} s`;
  if (last === undefined)
    return startFailed(agentId, { reason: "timeout" }, `${limit}: nothing answers on port ${controlPort}`);
  return startFailed(
    agentId,
    { reason: toReason(last.reason ?? "timeout") },
    `${limit}: ${last.message ?? `its runtime is ${last.state}`}`,
  );
}

function startFailed(
  agentId: string,
  details: { reason: StartFailure; exit_code?: number },
  why: string,
): RunnerError {
  return new RunnerError(
    "AGENT_START_FAILED",
    `Agent ${agentId} did not start: ${why.slice(0, MAX_MESSAGE)}`,
    {
      details,
    },
  );
}

function toReason(text: string | null | undefined): StartFailure {
  return START_FAILURES.find((reason) => reason === text) ?? "exited";
}
