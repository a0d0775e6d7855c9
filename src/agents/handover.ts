import { drain } from "../instance/drain.ts";
import type { VersionRecord } from "../model/agent.ts";
import { ASLEEP, type Activity, settled } from "./activity.ts";
import type { Agent, Instance } from "./agent.ts";
import { type Beside, startBeside } from "./scaling/beside.ts";
import { type CommitParts, commit } from "./deploy/commit.ts";
import { asRunnerError } from "./last-error.ts";
import { retire, retireStopped } from "./ending/retire.ts";
import type { StartParts } from "./starts/start.ts";
import { contestedVolumes } from "./volumes/volumes.ts";
import { wake } from "./sleep/wake.ts";

export type HandoverParts = CommitParts & StartParts;

/** A version that is to serve. */
export type Successor = {
  version: Pick<VersionRecord, "version" | "manifest">;
  /** Gives its instance, ready. When it rejects, nothing of it runs. */
  start: () => Promise<Instance>;
  /** Why it serves, for the log. */
  reason: string;
  signal: AbortSignal;
};

/**
 * Has a version serve instead of the one before, in one of two orders. Usually they overlap: the new one starts, the
 * route flips, and the old one drains, so that no request waits. Two versions with a volume that is not shared come one
 * after the other: the old one drains and ends, and then the new one starts, while requests wait. In both, the old
 * version serves on when the new one fails.
 */
export async function handOver(parts: HandoverParts, agentId: string, next: Successor): Promise<void> {
  const agent = parts.registry.find(agentId);
  if (agent === undefined) return startAndCommit(parts, agentId, next);
  await untilEarlierGone(agent, next);
  const isContested = contestedVolumes(agent.currentVersion.manifest, next.version.manifest).length > 0;
  if (isContested) await oneAfterTheOther(parts, agent, next);
  else await startAndCommit(parts, agentId, next);
}

async function startAndCommit(
  parts: HandoverParts,
  agentId: string,
  { start, reason, signal }: Successor,
): Promise<void> {
  const instance = await start();
  const known = parts.registry.find(agentId);
  const beside = known === undefined ? [] : await startBeside(parts, known, { first: instance, signal });
  try {
    signal.throwIfAborted();
    await commit(parts, agentId, { instance, beside, reason });
  } catch (error) {
    const agent = parts.registry.find(agentId);
    if (agent !== undefined)
      await Promise.all([retire(parts, agent, instance), ...retireBeside(parts, agent, beside)]);
    throw error;
  }
}

function retireBeside(parts: HandoverParts, agent: Agent, beside: Beside[]): Promise<void>[] {
  return beside.map(({ replica, instance }) => {
    const gone = retire(parts, agent, instance);
    agent.replicas.leaves(replica, gone);
    return gone;
  });
}

/** Versions from before the current one may still have requests inside, and a volume that the next one names. */
async function untilEarlierGone(agent: Agent, { version, signal }: Successor): Promise<void> {
  if (version.manifest.volumes === undefined) return;
  for (const number of agent.retirements.versions()) {
    const earlier = agent.versions.find((it) => it.version === number);
    const mayContest =
      earlier === undefined || contestedVolumes(earlier.manifest, version.manifest).length > 0;
    if (mayContest) await Promise.race([agent.retirements.gone(number), aborted(signal)]);
    signal.throwIfAborted();
  }
}

/** Requests that come meanwhile wait as for a start: to the queue it is one. */
async function oneAfterTheOther(parts: HandoverParts, agent: Agent, next: Successor): Promise<void> {
  while (agent.activity.state === "starting") await agent.activity.start.done;
  next.signal.throwIfAborted();
  const before = agent.activity;
  const { version } = agent.currentVersion;
  const over = Promise.withResolvers<void>();
  const start = { done: over.promise, end: () => undefined };
  const reason = `version ${next.version.version} starts when version ${version} has ended`;
  agent.move({ state: "starting", start }, { reason });
  try {
    await end(parts, agent, { before, signal: next.signal });
    await parts.reach("handover.ended");
    await startAndCommit(parts, agent.id, next);
    await parts.reach("handover.served");
    const container = parts.names.container(agent.id, version);
    void retireStopped(parts, agent, { version, container, settled: Promise.resolve() });
  } catch (error) {
    await parts.reach("handover.failed");
    await bringBack(parts, agent, { before, next, error });
    throw error;
  } finally {
    over.resolve();
  }
}

/** Lets the version that serves finish its requests, and stops its container, which stays. */
async function end(
  { instances, clock }: HandoverParts,
  agent: Agent,
  { before, signal }: { before: Activity; signal: AbortSignal },
): Promise<void> {
  await settled(before);
  if (before.state !== "running" && before.state !== "paused") return;
  const { instance } = before;
  const { version, manifest } = instance.version;
  await agent.retirements.add(version, {
    async work() {
      await drain(instance, { clock, timeoutMs: manifest.timeout * 1000, signal });
      signal.throwIfAborted();
      instance.cutOff("replaced");
      await instances.stop(instance);
    },
    instance: () => instance,
  });
  // Its replicas too.
  await Promise.race([agent.retirements.gone(version), aborted(signal)]);
  signal.throwIfAborted();
}

/** What the agent did before, again. What ran is started again, unless it has not been stopped yet. */
async function bringBack(
  parts: HandoverParts,
  agent: Agent,
  { before, next, error }: { before: Activity; next: Successor; error: unknown },
): Promise<void> {
  const reason = `version ${next.version.version} did not start`;
  if (before.state === "stopped" || before.state === "error") {
    agent.move(before, { reason });
    agent.queue.refuse(asRunnerError(error));
    return;
  }
  if (before.state === "running" && before.instance.ended === undefined) {
    agent.move(before, { reason });
    return;
  }
  agent.move(ASLEEP, { reason });
  if (before.state !== "running" && agent.queue.length === 0) return;
  wake(parts, agent, { reason: "the version before serves again" });
  while (agent.activity.state === "starting") await agent.activity.start.done;
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
