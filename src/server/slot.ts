import type { Agent, Instance } from "../agents/agent.ts";
import { RunnerError } from "../errors.ts";
import { connectionError } from "../proxy/forward.ts";
import type { ServerContext } from "./context.ts";

/** The runtime inside ends an invoke at its deadline with a better message; ours is the second line, milliseconds. */
const DEADLINE_GRACE_MS = 1_000;

/** A place inside an agent, and the time there is for an answer. */
export type Slot = {
  instance: Instance;
  /** Aborts when the caller leaves or the agent's `timeout` is over. */
  signal: AbortSignal;
  /** The time no longer runs. */
  stopTimer: () => void;
  /** Gives the slot back; may be called more than once. */
  release: () => void;
};

/**
 * Does `work` with a slot, which `work` gives back unless it fails. When the agent gives no answer, the error says why:
 * its time was over, or its process has ended.
 */
export async function withSlot(
  context: ServerContext,
  { agent, request }: { agent: Agent; request: Request },
  work: (slot: Slot) => Promise<Response>,
): Promise<Response> {
  const lease = await context.pool.acquire(agent, request.signal);
  const { instance } = lease;
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(timedOut(agent, instance)),
    instance.version.manifest.timeout * 1000 + DEADLINE_GRACE_MS,
  );
  const release = () => {
    clearTimeout(timer);
    lease.release();
  };
  try {
    const signal = AbortSignal.any([request.signal, deadline.signal]);
    return await work({ instance, signal, stopTimer: () => clearTimeout(timer), release });
  } catch (error) {
    release();
    if (deadline.signal.aborted) throw timedOut(agent, instance);
    if (request.signal.aborted || error instanceof RunnerError) throw error;
    throw (await context.agents.causeOfDeath(agent, instance)) ?? connectionError(agent.id, error);
  }
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
