import type { LogLine } from "../model/api-logs.ts";
import type { RunnerError } from "../lib/errors.ts";
import type { Agent, Instance } from "./agent.ts";
import { remove, start, stop } from "./commands.ts";
import { type DeployParts, deploy } from "./deploy/deploy.ts";
import { type Deployments, createDeployments } from "./deploy/deployments.ts";
import { countedDeploy } from "./deploy/metrics.ts";
import type { SourceOptions } from "./deploy/source.ts";
import { createSharedLook } from "./end-cause.ts";
import { hasEnded, lose, whyEnded } from "./ended.ts";
import { followLines, lastLines } from "./logs.ts";
import type { AgentParts } from "./parts.ts";
import { createSharedLogs } from "./shared-logs.ts";
import { rollback } from "./rollback.ts";
import { detailOf, summaryOf } from "./view.ts";

/** What can be done with agents: the door that `server/` goes through. Each throws AGENT_NOT_FOUND for an unknown id. */
export type Agents = {
  find(agentId: string): Agent;
  deployments: Deployments;
  start(agentId: string): ReturnType<typeof detailOf>;
  /** To the version of this number, or the next older one. */
  rollback(agentId: string, version?: number): ReturnType<typeof detailOf>;
  stop(agentId: string): Promise<void>;
  remove(agentId: string): Promise<void>;
  list(): ReturnType<typeof summaryOf>[];
  detail(agentId: string): ReturnType<typeof detailOf>;
  logs(agentId: string, tail: number): Promise<LogLine[]>;
  /** Lines as they come, until the agent stops or `signal` aborts. Throws AGENT_BUSY where too many follow. */
  followLogs(agentId: string, options: { tail: number; signal: AbortSignal }): AsyncIterable<LogLine>;
  /** Why an instance broke off its requests; undefined if its container runs on. */
  whyEnded(agent: Agent, instance: Instance): Promise<RunnerError | undefined>;
  /** Waits for the end of an instance that takes no requests. False if its container runs on. */
  hasEnded(agent: Agent, instance: Instance): Promise<boolean>;
  /** Takes an instance out of service whose address is another's. */
  lose(agent: Agent, instance: Instance): void;
};

export function createAgents(parts: AgentParts & DeployParts, options: SourceOptions): Agents {
  const { registry, engine, clock, metrics } = parts;
  const lookForEnd = createSharedLook(engine);
  const logParts = { ...parts, sharedLogs: createSharedLogs(parts) };
  const deployments = createDeployments({
    clock,
    deploy: (request) => countedDeploy(metrics, () => deploy(parts, options, request)),
  });
  return {
    find: (agentId) => registry.get(agentId),
    deployments,
    start: async (agentId) => detailOf(await start(parts, agentId), engine),
    rollback: async (agentId, version) => detailOf(await rollback(parts, agentId, version), engine),
    stop: async (agentId) => void (await stop(parts, agentId)),
    async remove(agentId) {
      await remove(parts, agentId);
      deployments.forget(agentId);
    },
    list: () => registry.all().map(summaryOf),
    detail: (agentId) => detailOf(registry.get(agentId), engine),
    logs: (agentId, tail) => lastLines(logParts, registry.get(agentId), tail),
    followLogs: (agentId, follow) => followLines(logParts, registry.get(agentId), follow),
    whyEnded: (agent, instance) => whyEnded({ ...parts, lookForEnd }, agent, instance),
    hasEnded: (agent, instance) => hasEnded({ ...parts, lookForEnd }, agent, instance),
    lose: (agent, instance) => lose(parts, agent, instance),
  };
}
