import { RunnerError } from "../lib/errors.ts";
import type { Agent } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import type { OperationName } from "./operations.ts";
import { putDown } from "./retire.ts";
import { moveTo } from "./state.ts";
import { asRunnerError, startUp, toLastError } from "./wake.ts";

/** Stops the agent until it is started or deployed again. Its container stays, for its log. */
export function stop(context: AgentsContext, agentId: string): Promise<Agent> {
  return command(context, agentId, "stop", async (agent) => {
    if (agent.state === "stopped") return agent;
    await write(context, agent, { desired: "stopped" });
    moveTo(agent, "stopped", { log: context.log, metrics: context.metrics, reason: "by request" });
    await takeDown(context, agent, new RunnerError("AGENT_NOT_RUNNING", `Agent ${agent.id} was stopped.`));
    return agent;
  });
}

/** Starts the agent and waits until it serves; an agent that serves already is left alone. */
export function start(context: AgentsContext, agentId: string): Promise<Agent> {
  return command(context, agentId, "start", (agent, signal) => startAgent(context, agent, signal));
}

/** The work of a start, within an operation on the agent. */
export async function startAgent(context: AgentsContext, agent: Agent, signal: AbortSignal): Promise<Agent> {
  const { log, metrics, clock, pool } = context;
  await agent.waking?.done;
  if (agent.instance !== undefined) return agent;
  const before = agent.state;
  try {
    await startUp(context, agent, {
      reason: "by request",
      signal,
      commit: () => write(context, agent, { desired: "running" }),
      onFailure(error) {
        agent.lastError = toLastError(error, clock.now());
        moveTo(agent, "error", { log, metrics, reason: "its start failed" });
        pool.refuse(agent, error);
      },
    });
  } catch (error) {
    if (signal.aborted && agent.state === "starting") {
      moveTo(agent, before, { log, metrics, reason: "its start was ended" });
      pool.refuse(agent, asRunnerError(error));
    }
    throw error;
  }
  return agent;
}

/** Removes the agent with its containers, images, source and secrets. */
export function remove(context: AgentsContext, agentId: string): Promise<void> {
  const { registry, store, engine, names, log, metrics } = context;
  return command(context, agentId, "removal", async (agent) => {
    if (agent.state !== "stopped") moveTo(agent, "stopped", { log, metrics, reason: "removed" });
    await takeDown(context, agent, new RunnerError("AGENT_NOT_FOUND", `Agent ${agent.id} was removed.`));
    const versions = agent.versions.map(({ version }) => version);
    for (const version of new Set([...versions, ...agent.retiring.keys()])) {
      await engine.removeContainer(names.container(agent.id, version));
    }
    await engine.removeImages(versions.map((version) => names.image(agent.id, version)));
    await store.removeAgent(agent.id);
    registry.remove(agent.id);
    log.info({ agent_id: agent.id }, "agent removed");
  });
}

/** Refuses all who wait, ends a start under way, and stops the container. */
async function takeDown(context: AgentsContext, agent: Agent, reason: RunnerError): Promise<void> {
  context.pool.refuse(agent, reason);
  agent.waking?.end(reason);
  await agent.waking?.done;
  await agent.settling;
  await putDown(context, agent);
}

function command<T>(
  context: AgentsContext,
  agentId: string,
  name: OperationName,
  work: (agent: Agent, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return context.operations.run(agentId, { name }, (signal) => work(context.registry.get(agentId), signal));
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
