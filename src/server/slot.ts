import type { Agent, Instance } from "../agents/agent.ts";
import type { Lease } from "../agents/pool.ts";
import { RunnerError } from "../lib/errors.ts";
import { resultOf } from "../metrics/metrics.ts";
import { connectionError } from "../proxy/forward.ts";
import type { ServerContext } from "./context.ts";
import { setLimits } from "./invoke-limits.ts";

export type SlotContext = Pick<ServerContext, "agents" | "pool" | "settings" | "metrics" | "clock">;

/** A place inside an agent, and the deadline of the answer. */
export type Slot = {
  instance: Instance;
  /** Aborts when the caller leaves or the agent's `timeout` is over. */
  signal: AbortSignal;
  /** The answer has begun: the deadline no longer holds. */
  openEnded: () => void;
  /** Gives the slot back; may be called more than once. */
  release: () => void;
};

/**
 * Waits for a slot, does `work` with it and counts the result. `work` gives the slot back unless it fails. When the
 * agent does not answer, the error says why: its time was over, or its process has ended.
 */
export async function withSlot(
  context: SlotContext,
  { agent, request }: { agent: Agent; request: Request },
  work: (slot: Slot) => Promise<Response>,
): Promise<Response> {
  const { pool, metrics, clock } = context;
  const startedAt = clock.monotonic();
  let result = "ok";
  let slot: Slot | undefined;
  try {
    const lease = await pool.acquire(agent, request.signal);
    slot = openSlot(context, agent, { lease, request });
    return await work(slot);
  } catch (error) {
    slot?.release();
    const failure = slot === undefined ? error : await causeOf(context, { agent, request, slot, error });
    result = resultOf(failure);
    throw failure;
  } finally {
    const seconds = (clock.monotonic() - startedAt) / 1000;
    metrics.invokes.observe({ type: entrypointType(agent), result }, seconds);
  }
}

/** The agent's entrypoint type, as the metrics label it. */
export function entrypointType(agent: Agent): string {
  return (agent.instance?.version ?? agent.currentVersion).entrypoint.type;
}

function openSlot(
  { settings, clock }: SlotContext,
  agent: Agent,
  { lease, request }: { lease: Lease; request: Request },
): Slot {
  const { instance } = lease;
  const deadline = new AbortController();
  const limitMs = setLimits(request.headers, instance.version, settings);
  const cancelDeadline = clock.timer(limitMs, () => deadline.abort(timedOut(agent, instance)));
  return {
    instance,
    signal: AbortSignal.any([request.signal, deadline.signal]),
    openEnded() {
      cancelDeadline();
      lease.openEnded();
    },
    release() {
      cancelDeadline();
      lease.release();
    },
  };
}

type Failure = { agent: Agent; request: Request; slot: Slot; error: unknown };

async function causeOf({ agents }: SlotContext, { agent, request, slot, error }: Failure): Promise<unknown> {
  if (request.signal.aborted || error instanceof RunnerError) return error;
  if (slot.signal.aborted) return timedOut(agent, slot.instance);
  return (await agents.causeOfExit(agent, slot.instance)) ?? connectionError(agent.id, error);
}

function timedOut(agent: Agent, { version }: Instance): RunnerError {
  return new RunnerError(
    "INVOKE_FAILED",
    `Agent ${agent.id} did not answer within its timeout of ${version.manifest.timeout} s.`,
    {
      status: 504,
      details: { reason: "timeout", timeout: version.manifest.timeout },
    },
  );
}
