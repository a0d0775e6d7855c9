import { RunnerError } from "../lib/errors.ts";
import type { Span } from "../tracing/span.ts";
import { ASLEEP, settled } from "./activity.ts";
import type { Agent } from "./agent.ts";
import { asRunnerError, toLastError } from "./last-error.ts";
import type { AgentParts } from "./parts.ts";
import { finishRemoval } from "./removals.ts";
import { type StartParts, startAgent } from "./starts/start.ts";

type StopParts = Pick<AgentParts, "operations" | "registry" | "store" | "instances" | "clock" | "reach">;
type StartByRequestParts = StartParts & Pick<AgentParts, "store">;
export type RemoveParts = StopParts &
  Pick<AgentParts, "engine" | "names" | "history" | "log" | "feed" | "metrics">;

/** Stops the agent until it is started or deployed again. Its container stays, for its log. */
export function stop(parts: StopParts, agentId: string): Promise<Agent> {
  return parts.operations.run(agentId, { name: "stop" }, async () => {
    const agent = parts.registry.get(agentId);
    if (agent.state === "stopped") return agent;
    await write(parts, agent, "stopped");
    const reason = new RunnerError("AGENT_NOT_RUNNING", `Agent ${agent.id} was stopped.`);
    await parts.reach("stop.written");
    await takeOutOfService(parts, agent, { reason, log: "by request" });
    await parts.reach("stop.stopped");
    return agent;
  });
}

/** Starts the agent and waits until it serves; an agent that serves already is left alone. */
export function start(
  parts: StartByRequestParts & Pick<AgentParts, "operations" | "registry">,
  agentId: string,
  span?: Span,
): Promise<Agent> {
  return parts.operations.run(agentId, { name: "start" }, (signal) =>
    startByRequest(parts, parts.registry.get(agentId), { signal, span }),
  );
}

/** The work of a start by request, within an operation on the agent. */
export async function startByRequest(
  parts: StartByRequestParts,
  agent: Agent,
  { signal, span }: { signal: AbortSignal; span: Span | undefined },
): Promise<Agent> {
  if (agent.activity.state === "starting") await agent.activity.start.done;
  const before = agent.activity;
  if (before.state === "running") return agent;
  agent.backoff.reset();
  try {
    await startAgent(parts, agent, {
      reason: "by request",
      signal,
      span: span?.child("start"),
      commit: () => write(parts, agent, "running"),
      onFailure(failure) {
        const error = toLastError(failure, parts.clock.now());
        agent.move({ state: "error" }, { reason: "its start failed", error });
        agent.queue.refuse(failure);
      },
    });
  } catch (error) {
    if (signal.aborted && agent.state === "starting") {
      // A start that is ended removes the container, a paused one too.
      agent.move(before.state === "paused" ? ASLEEP : before, { reason: "its start was ended" });
      agent.queue.refuse(asRunnerError(error));
    }
    throw error;
  }
  return agent;
}

/** Removes the agent with its containers, images, volumes, source and secrets. */
export function remove(parts: RemoveParts, agentId: string): Promise<void> {
  return parts.operations.run(agentId, { name: "removal" }, () =>
    removeAgent(parts, parts.registry.get(agentId), "agent removed"),
  );
}

/** The work of a removal, within an operation on the agent. */
export async function removeAgent(parts: RemoveParts, agent: Agent, message: string): Promise<void> {
  const { registry, store, history, log, feed, metrics, reach } = parts;
  const reason = new RunnerError("AGENT_NOT_FOUND", `Agent ${agent.id} was removed.`);
  if (agent.state !== "stopped") await takeOutOfService(parts, agent, { reason, log: "removed" });
  await reach("remove.stopped");
  await removeFromEngine(parts, agent);
  await reach("remove.emptied");
  // Its data last: an agent that is there has it.
  await store.removeAgent(agent.id);
  await history.forget(agent.id);
  registry.remove(agent.id);
  metrics.agentInvokes.forget(agent.id);
  feed.tell({ type: "agent.removed", agent_id: agent.id });
  log.info({ agent_id: agent.id }, message);
  await finishRemoval(parts, agent.id).catch((error: unknown) =>
    log.warn({ agent_id: agent.id, err: error }, "an agent's data could not be removed; it is tried again"),
  );
}

/** Leaves nothing but data of an agent that is out of service in the engine. It can be built again from its files. */
export async function removeFromEngine(
  { engine, names }: Pick<AgentParts, "engine" | "names">,
  agent: Agent,
): Promise<void> {
  const versions = agent.versions.map(({ version }) => version);
  for (const version of new Set([...versions, ...agent.retirements.versions()])) {
    await engine.removeContainer(names.container(agent.id, version));
  }
  // One that was moved has a number, too.
  const mayHaveMore =
    engine.can.nodes || agent.versions.some(({ manifest }) => manifest.replicas !== undefined);
  for (const { id, identity } of mayHaveMore ? await engine.listContainers() : [])
    if (identity?.agentId === agent.id) await engine.removeContainer(id);
  await engine.removeImages(agent.versions.map(({ image }) => image));
}

/** Ends what the agent is doing: refuses all who wait, ends a start under way, and stops the container. */
async function takeOutOfService(
  { instances }: Pick<AgentParts, "instances">,
  agent: Agent,
  { reason, log }: { reason: RunnerError; log: string },
): Promise<void> {
  const { activity, resident } = agent;
  agent.move({ state: "stopped" }, { reason: log });
  agent.queue.refuse(reason);
  if (activity.state === "starting") {
    activity.start.end(reason);
    await activity.start.done;
  }
  await settled(activity);
  const further = agent.replicas.all().map(({ gone }) => gone);
  if (resident !== undefined) await instances.stop(resident);
  await Promise.all(further);
}

/** Writes to disk whether the agent is to run. */
export async function write(
  { store, clock }: Pick<AgentParts, "store" | "clock">,
  agent: Agent,
  desired: "running" | "stopped",
): Promise<void> {
  const { stopped_at: _, ...rest } = agent.record;
  const stopped = desired === "stopped" ? { stopped_at: new Date(clock.now()).toISOString() } : {};
  const record = { ...rest, desired, ...stopped };
  await store.writeAgent(record);
  agent.recorded(record);
}
