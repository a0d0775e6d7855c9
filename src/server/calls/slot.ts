import type { Agent, Instance } from "../../agents/agent.ts";
import { endError } from "../../agents/ending/end-cause.ts";
import type { TakenSlot } from "../../agents/calls/pool.ts";
import { type CancelSignal, createCancel } from "../../lib/cancel.ts";
import { RunnerError } from "../../lib/errors.ts";
import { CALLER_LEFT, resultOf } from "../../metrics/metrics.ts";
import { connectionError } from "../../proxy/connection-error.ts";
import { MisdirectedError, isUnreached } from "../../proxy/reach.ts";
import { isSpent } from "../../proxy/outgoing-body.ts";
import type { OpenCall } from "../../model/stats.ts";
import type { Span } from "../../tracing/span.ts";
import type { ServerContext } from "../context.ts";
import { beginExchangeSpan, endAnswer, endFailed, tellAnswer } from "./exchange-span.ts";
import type { Call } from "./invoke-caller.ts";
import { setLimits } from "./invoke-limits.ts";
import { isStream, openCallOf } from "./open-call.ts";
import { spanOf } from "../requests/request-span.ts";
import { SERVER_TIMING, serverTiming } from "./server-timing.ts";

export type SlotContext = Pick<ServerContext, "agents" | "pool" | "settings" | "metrics" | "clock">;

/** A place inside an agent, and the deadline of the answer. */
export type Slot = {
  instance: Instance;
  /** Aborts when the caller leaves, the agent's `timeout` is over, or its instance ends. */
  signal: CancelSignal;
  /** The answer has begun: the deadline no longer holds. */
  openEnded: () => void;
  /** Gives the slot back, with why the answer was cut off if it was; may be called more than once. */
  release: (error?: unknown) => void;
  /** The answer has begun and may take long: it is shown among the agent's open streams until the slot is given back. */
  stream: (call: OpenCall) => void;
  /** The answer has begun: its span ends with it. */
  trace: (span: Span) => void;
  /** Why the exchange with the instance failed; undefined if its caller left, or nobody knows. */
  whyFailed: (error: unknown) => Promise<RunnerError | undefined>;
};

/**
 * Waits for a slot, does `work` with it, counts the result and says in it where the time went. `work` gives the slot
 * back unless it fails. When the agent does not answer, the error says why: its time was over, or its process has
 * ended. A request that never reached its instance, since that has ended, is sent once more to the next one.
 */
export async function withSlot(
  context: SlotContext,
  call: Pick<Call, "agent" | "request" | "path" | "body" | "receiveBody">,
  work: (slot: Slot) => Promise<Response>,
): Promise<Response> {
  const { pool, metrics, clock } = context;
  const { agent, request } = call;
  const startedAt = clock.monotonic();
  const parent = spanOf(request);
  let result = "ok";
  const send = async (resends: 0 | 1): Promise<Response> => {
    const taken = await pool.acquire(agent, request.signal, parent);
    const slot = openSlot(context, agent, { taken, request });
    const span = parent && beginExchangeSpan(parent, call, { taken, resends });
    const timing = () => serverTiming(taken, { arrivedAt: startedAt, answeredAt: clock.monotonic() });
    try {
      const response = await work(slot);
      taken.instance.answered();
      if (isStream(response)) slot.stream(openCallOf(request, response, clock));
      response.headers.append(SERVER_TIMING, timing());
      if (span !== undefined) {
        tellAnswer(span, response);
        slot.trace(span);
      }
      return response;
    } catch (error) {
      tellSilence(slot, { request, sentAt: taken.since });
      slot.release();
      const failure = { agent, request, slot, error };
      const isWhole = !request.bodyUsed || (call.body !== undefined && !isSpent(call.body));
      if (resends === 0 && isWhole && (await canBeSentAgain(context, failure))) {
        if (span !== undefined) endFailed(span, error);
        return await send(1);
      }
      const cause = await causeOf(failure);
      if (span !== undefined) endFailed(span, cause);
      if (cause instanceof RunnerError) cause.headers[SERVER_TIMING] = timing();
      throw cause;
    }
  };
  let isError = false;
  try {
    await call.receiveBody?.();
    const response = await send(0);
    isError = response.status >= 500;
    return response;
  } catch (error) {
    result = resultOf(error);
    isError = result !== CALLER_LEFT;
    throw error;
  } finally {
    const ms = clock.monotonic() - startedAt;
    metrics.invokes.observe({ type: entrypointType(agent), result }, ms / 1000);
    metrics.agentInvokes.observe(agent.id, { result: isError ? "error" : "ok", seconds: ms / 1000 });
    agent.load.count({ now: clock.now(), ms, isError });
  }
}

/** The agent's entrypoint type, as the metrics label it. */
export function entrypointType(agent: Agent): string {
  return (agent.instance?.version ?? agent.currentVersion).entrypoint.type;
}

function openSlot(
  { agents, settings, clock }: SlotContext,
  agent: Agent,
  { taken, request }: { taken: TakenSlot; request: Request },
): Slot {
  const { instance } = taken;
  const { signal, cancel } = createCancel();
  request.signal.addEventListener("abort", () => cancel(request.signal.reason), { once: true });
  const limitMs = setLimits(request.headers, instance, settings);
  const cancelDeadline = clock.timer(limitMs, () => cancel(timedOut(agent, instance)));
  const forgetEnd = instance.onEnd((cause) => cancel(endError(agent.id, instance, cause)));
  let isReleased = false;
  let forgetStream: (() => void) | undefined;
  let span: Span | undefined;
  return {
    instance,
    signal,
    openEnded() {
      cancelDeadline();
      taken.openEnded();
    },
    release(error) {
      cancelDeadline();
      forgetEnd();
      forgetStream?.();
      isReleased = true;
      taken.release();
      if (span !== undefined) endAnswer(span, signal.aborted ? signal.reason : error);
    },
    stream(call) {
      if (!isReleased) forgetStream = agent.openCalls.add(call);
    },
    trace(begun) {
      if (isReleased) begun.end();
      else span = begun;
    },
    async whyFailed(error) {
      for (const known of [error, signal.reason]) if (known instanceof RunnerError) return known;
      return request.signal.aborted ? undefined : await agents.whyEnded(agent, instance);
    },
  };
}

/** An answer that is broken or refused is no silence. */
function tellSilence(
  { instance, signal }: Slot,
  { request, sentAt }: { request: Request; sentAt: number },
): void {
  if (request.signal.aborted) instance.silence.unanswered(sentAt, "left");
  else if (signal.aborted && instance.ended === undefined) instance.silence.unanswered(sentAt, "late");
}

type Failure = { agent: Agent; request: Request; slot: Slot; error: unknown };

/** Whether the request never reached its instance and can reach the next one. */
async function canBeSentAgain(
  { agents }: SlotContext,
  { agent, request, slot: { instance, signal }, error }: Failure,
): Promise<boolean> {
  if (!isUnreached(error) || request.signal.aborted) return false;
  const isTooLate = signal.aborted && instance.ended === undefined;
  if (isTooLate) return false;
  if (error instanceof MisdirectedError) agents.lose(agent, instance);
  return agents.hasEnded(agent, instance);
}

async function causeOf({ agent, request, slot, error }: Failure): Promise<unknown> {
  if (request.signal.aborted) return request.signal.reason;
  return (await slot.whyFailed(error)) ?? connectionError(agent.id, error);
}

function timedOut(agent: Agent, { version }: Instance): RunnerError {
  return new RunnerError(
    "INVOKE_FAILED",
    `Agent ${agent.id} did not answer within its timeout of ${version.manifest.timeout} s: raise \`timeout\` in oken.toml if it needs more.`,
    {
      status: 504,
      details: { reason: "timeout", timeout: version.manifest.timeout },
    },
  );
}
