import { RunnerError } from "../errors.ts";
import { type Agent, currentVersion } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import { putDown, supersededBy } from "./retire.ts";
import { moveTo } from "./state.ts";
import { asRunnerError, toLastError } from "./wake.ts";

/** Stops the agent until it is started or deployed again. Its container stays, for its log. */
export function stop(context: AgentsContext, agentId: string): Promise<Agent> {
  const { log, metrics } = context;
  return command(context, agentId, "a stop", async (agent) => {
    if (agent.state === "stopped") return agent;
    await write(context, agent, { desired: "stopped" });
    moveTo(agent, "stopped", { log, metrics, reason: "by request" });
    context.pool.refuse(agent, new RunnerError("AGENT_NOT_RUNNING", `Agent ${agent.id} was stopped.`));
    await agent.settling;
    await putDown(context, agent);
    return agent;
  });
}

/** Starts the agent and waits until it serves; an agent that serves already is left alone. */
export function start(context: AgentsContext, agentId: string): Promise<Agent> {
  const { log, metrics } = context;
  return command(context, agentId, "a start", async (agent, signal) => {
    if (agent.instance !== undefined) return agent;
    await agent.waking;
    await agent.settling;
    if (agent.instance !== undefined) return agent;
    moveTo(agent, "starting", { log, metrics, reason: "by request" });
    try {
      agent.instance = await context.instances.wake(agent.id, currentVersion(agent), signal);
    } catch (error) {
      const failure = asRunnerError(error);
      agent.lastError = toLastError(failure, context.clock.now());
      moveTo(agent, "error", { log, metrics, reason: "its start failed" });
      context.pool.refuse(agent, failure);
      throw failure;
    }
    await write(context, agent, { desired: "running" });
    agent.lastError = undefined;
    moveTo(agent, "running", { log, metrics, reason: "ready" });
    context.pool.pump(agent);
    return agent;
  });
}

/** Removes the agent with its containers, images, source and secrets. */
export function remove(context: AgentsContext, agentId: string): Promise<void> {
  const { registry, store, engine, names, pool, log, metrics } = context;
  return command(context, agentId, "a removal", async (agent) => {
    if (agent.state !== "stopped") moveTo(agent, "stopped", { log, metrics, reason: "removed" });
    pool.refuse(agent, new RunnerError("AGENT_NOT_FOUND", `Agent ${agent.id} was removed.`));
    await agent.settling;
    await putDown(context, agent);
    const versions = agent.versions.map(({ version }) => version);
    for (const version of versions) await engine.removeContainer(names.container(agent.id, version));
    await engine.removeImages(versions.map((version) => names.image(agent.id, version)));
    await store.removeAgent(agent.id);
    registry.remove(agent.id);
    log.info({ agent_id: agent.id }, "agent removed");
  });
}

/** A deploy under way is ended first, so that what was asked last is what holds. */
function command<T>(
  context: AgentsContext,
  agentId: string,
  name: string,
  work: (agent: Agent, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const operation = { supersedable: false, supersedes: supersededBy(name) };
  return context.operations.run(agentId, operation, (signal) => work(context.registry.get(agentId), signal));
}

async function write(
  { store }: AgentsContext,
  agent: Agent,
  change: { desired: "running" | "stopped" },
): Promise<void> {
  const record = { ...agent.record, ...change };
  await store.writeAgent(record);
  agent.record = record;
}
