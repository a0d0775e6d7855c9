import type { Instance, InstanceEnd } from "../../instance/instance.ts";
import { STOP_GRACE_SECONDS } from "../../lib/agent-container.ts";
import type { RunnerError } from "../../lib/errors.ts";
import { ASLEEP, type Activity } from "../activity.ts";
import type { Agent } from "../agent.ts";
import { type LookForEnd, endError, endInWords, isByItself } from "./end-cause.ts";
import { removeLost } from "./remove-lost.ts";
import { heldBack } from "../calls/not-running.ts";
import type { AgentParts } from "../parts.ts";
import type { StartParts } from "../starts/start.ts";
import { wake } from "../sleep/wake.ts";

/** How long after a connection broke the engine is waited for before it is asked, milliseconds. */
const EVENT_WAIT_MS = 200;

/** How long the engine may take to tell of an end that it has confirmed, milliseconds. Its events know more of the cause. */
const CONFIRMED_WAIT_MS = 1_000;

/** How long an instance may take to end that was told to, milliseconds. */
const CLOSING_MS = STOP_GRACE_SECONDS * 1000 + 2_000;

/** What a container has to end in that nobody can reach. */
const LOST_GRACE_SECONDS = 1;

type EndedParts = StartParts & Pick<AgentParts, "engine">;

/**
 * Answers all who are inside an instance that has ended. If it was the first one, another one takes its place; without
 * one the next invoke wakes the agent, unless that does not stay up and must wait.
 */
export function ended(
  parts: EndedParts,
  agent: Agent,
  { instance, cause }: { instance: Instance; cause: InstanceEnd },
): void {
  instance.end(cause);
  if (agent.resident !== instance) return;
  parts.metrics.exits.inc({});
  if (isByItself(cause))
    for (const backoff of [agent.backoff, agent.replicas.backoff]) backoff.died(instance);
  const what = `container ${endInWords(cause)}`;
  if (replaced(parts, agent, { instance, cause })) return;
  agent.move(activityAfter(parts, agent, { instance, cause }), {
    reason: `its ${what}`,
    error: {
      at: new Date(parts.clock.now()).toISOString(),
      code: "INVOKE_FAILED",
      message: `Its ${what}.`,
      log: "",
      ...(cause.reason === "exited" ? { exit_code: cause.exitCode } : {}),
    },
  });
  if (agent.state === "error") agent.queue.refuse(heldBack(agent));
  else if (agent.queue.length > 0) wake(parts, agent);
}

/** Has a replica be the first instance from now on. False if there is none that serves. */
function replaced(
  parts: EndedParts,
  agent: Agent,
  { instance, cause }: { instance: Instance; cause: InstanceEnd },
): boolean {
  const { replicas } = agent;
  const heir = agent.state === "running" ? replicas.running.find(({ isClosed }) => !isClosed) : undefined;
  const place = heir && replicas.find(heir);
  if (heir === undefined || place === undefined) return false;
  // Its number is taken until its container is gone.
  const left = replicas.add({ version: instance.version.version, number: instance.replica });
  replicas.leaves(left, removeLost(parts, agent, { instance, cause }));
  replicas.forget(place);
  const reason = `its container ${endInWords(cause)}; another instance serves on`;
  agent.move({ state: "running", instance: heir }, { reason });
  return true;
}

/** Takes an instance out of service whose address is another's. */
export function lose(parts: EndedParts, agent: Agent, instance: Instance): void {
  if (instance.ended === undefined) ended(parts, agent, { instance, cause: { reason: "disconnected" } });
}

/** Why an instance broke off its requests; undefined if its container runs on. */
export async function whyEnded(
  parts: EndedParts & { lookForEnd: LookForEnd },
  agent: Agent,
  instance: Instance,
): Promise<RunnerError | undefined> {
  const told = await endWithin(parts, instance, EVENT_WAIT_MS);
  const found = told ?? (await parts.lookForEnd(instance));
  if (found === undefined) return undefined;
  const cause = told ?? (await endWithin(parts, instance, CONFIRMED_WAIT_MS)) ?? found;
  if (instance.ended === undefined) ended(parts, agent, { instance, cause });
  return endError(agent.id, instance, cause);
}

/** Waits for the end of an instance that takes no requests. False if its container runs on. */
export async function hasEnded(
  parts: EndedParts & { lookForEnd: LookForEnd },
  agent: Agent,
  instance: Instance,
): Promise<boolean> {
  if ((await whyEnded(parts, agent, instance)) !== undefined) return true;
  return instance.isClosed && (await endWithin(parts, instance, CLOSING_MS)) !== undefined;
}

/** A container may still be there, or on its way out, unless it has exited by itself or nobody reaches it. */
function activityAfter(
  { engine, log }: EndedParts,
  { backoff }: Agent,
  { instance: { container }, cause }: { instance: Instance; cause: InstanceEnd },
): Activity {
  if (isByItself(cause)) return backoff.waitMs > 0 ? { state: "error" } : ASLEEP;
  if (cause.reason === "node_lost") return ASLEEP;
  const stopping = engine.stopContainer(container.name, LOST_GRACE_SECONDS).catch((error: unknown) => {
    log.error({ container: container.name, err: error }, "could not stop a container that ends");
  });
  return { state: "idle", stopping };
}

async function endWithin(
  { clock }: EndedParts,
  instance: Instance,
  ms: number,
): Promise<InstanceEnd | undefined> {
  const { promise, resolve } = Promise.withResolvers<InstanceEnd | undefined>();
  const forget = instance.onEnd(resolve);
  const cancel = clock.timer(ms, () => resolve(undefined));
  const cause = await promise;
  cancel();
  forget();
  return cause;
}
