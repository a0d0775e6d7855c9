import { RunnerError } from "../lib/errors.ts";
import type { LogLine } from "../model/api-logs.ts";
import type { Agent } from "./agent.ts";
import type { Instance } from "../instance/instance.ts";
import { remove, start, stop } from "./commands.ts";
import type { AgentsContext } from "./context.ts";
import { deploy } from "./deploy/deploy.ts";
import { countedDeploy } from "./deploy/metrics.ts";
import { type Deployments, createDeployments } from "./deploy/deployments.ts";
import { followLines, lastLines } from "./logs.ts";
import type { PrepareOptions } from "./deploy/prepare.ts";
import { rollback } from "./rollback.ts";
import { detailOf, summaryOf } from "./view.ts";

/** What can be done with agents: the door that `server/` goes through. Each throws AGENT_NOT_FOUND for an unknown id. */
export type Agents = {
  find(agentId: string): Agent;
  deployments: Deployments;
  start(agentId: string): Promise<Awaited<ReturnType<typeof detailOf>>>;
  /** To the version of this number, or the next older one. */
  rollback(agentId: string, version?: number): Promise<Awaited<ReturnType<typeof detailOf>>>;
  stop(agentId: string): Promise<void>;
  remove(agentId: string): Promise<void>;
  list(): ReturnType<typeof summaryOf>[];
  detail(agentId: string): ReturnType<typeof detailOf>;
  logs(agentId: string, tail: number): Promise<LogLine[]>;
  /** Lines as they come, until the agent stops or `signal` aborts. */
  followLogs(agentId: string, options: { tail: number; signal: AbortSignal }): AsyncIterable<LogLine>;
  /** Why an instance broke off: what its container's end says; undefined while it runs. */
  causeOfDeath(agent: Agent, instance: Instance): Promise<RunnerError | undefined>;
};

export function createAgents(context: AgentsContext, options: PrepareOptions): Agents {
  const { registry, engine, clock } = context;
  const deployments = createDeployments({
    clock,
    deploy: (request) => countedDeploy(context.metrics, () => deploy(context, options, request)),
  });
  return {
    find: (agentId) => registry.get(agentId),
    deployments,
    start: async (agentId) => detailOf(await start(context, agentId), engine),
    rollback: async (agentId, version) => detailOf(await rollback(context, agentId, version), engine),
    stop: async (agentId) => void (await stop(context, agentId)),
    async remove(agentId) {
      await remove(context, agentId);
      deployments.forget(agentId);
    },
    list: () => registry.all().map(summaryOf),
    detail: (agentId) => detailOf(registry.get(agentId), engine),
    logs: (agentId, tail) => lastLines(context, registry.get(agentId), tail),
    followLogs: (agentId, follow) => followLines(context, registry.get(agentId), follow),
    causeOfDeath: (agent, instance) => causeOfDeath(context, agent, instance),
  };
}

async function causeOfDeath(
  { engine }: AgentsContext,
  { id }: Agent,
  { container, version }: Instance,
): Promise<RunnerError | undefined> {
  const state = await engine.inspectContainer(container.name).catch(() => undefined);
  if (state === undefined || state.running) return undefined;
  if (state.oomKilled) {
    const why = `ran out of memory (${version.manifest.memory} bytes). Raise \`memory\` in oken.toml.`;
    return new RunnerError("INVOKE_FAILED", `Agent ${id} ${why}`, { details: { reason: "oom" } });
  }
  return new RunnerError(
    "INVOKE_FAILED",
    `Agent ${id} exited with code ${state.exitCode} during the invoke.`,
    {
      details: { reason: "exited", exit_code: state.exitCode },
    },
  );
}
