import type { LogLine } from "../model/api-logs.ts";
import type { RunnerError } from "../lib/errors.ts";
import type { Span } from "../tracing/span.ts";
import type { Agent, Instance } from "./agent.ts";
import { remove, start, stop } from "./commands.ts";
import { type DeployParts, deploy } from "./deploy/deploy.ts";
import { type Deployments, type ReceivedUpload, createDeployments } from "./deploy/deployments.ts";
import { type Once, createOnce } from "./deploy/idempotency.ts";
import { countedDeploy } from "./deploy/metrics.ts";
import type { SourceOptions } from "./deploy/source.ts";
import { createSharedLook } from "./ending/end-cause.ts";
import type { Feed } from "./feed.ts";
import { hasEnded, lose, whyEnded } from "./ending/ended.ts";
import { followLines, lastLines } from "./logs/logs.ts";
import type { AgentParts } from "./parts.ts";
import { createSharedLogs } from "./logs/shared-logs.ts";
import { type RollbackOptions, rollback } from "./rollback.ts";
import { createMemoryReadings } from "./figures/memory-readings.ts";
import { type Found, type Wanted, findAgents } from "./search.ts";
import { WINDOW_SECONDS, figuresOf, figuresWithHistory, statsOf } from "./figures/stats.ts";
import { detailOf, versionsOf } from "./view.ts";

/** What can be done with agents: the door that `server/` goes through. Each throws AGENT_NOT_FOUND for an unknown id. */
export type Agents = {
  find(agentId: string): Agent;
  deployments: Deployments;
  /** Begins a deployment unless one with this key and content was begun; then it is that one. */
  deployOnce(upload: ReceivedUpload, key: string): Promise<Once>;
  start(agentId: string, span?: Span): ReturnType<typeof detailOf>;
  /** To the version of this number, or the next older one. */
  rollback(agentId: string, options?: RollbackOptions): ReturnType<typeof detailOf>;
  stop(agentId: string): Promise<void>;
  remove(agentId: string): Promise<void>;
  /** In the order they were first deployed. */
  list(wanted?: Wanted): Found;
  detail(agentId: string): ReturnType<typeof detailOf>;
  versions(agentId: string): ReturnType<typeof versionsOf>;
  /** Names of the secrets of the version that serves. */
  secretNames(agentId: string): Promise<string[]>;
  /** What all agents do, with the last hour by minutes where that is wanted. */
  stats(options: { history: boolean }): Promise<AllStats>;
  statsOf(agentId: string): Promise<ReturnType<typeof statsOf>>;
  /** Notes what the containers use, so that the last hour has it. */
  readMemory(): Promise<void>;
  /** What happens in the runner. */
  feed: Feed;
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

export type AllStats = {
  window_seconds: number;
  agents: (ReturnType<typeof figuresOf> & Partial<ReturnType<typeof figuresWithHistory>>)[];
};

export function createAgents(parts: AgentParts & DeployParts, options: SourceOptions): Agents {
  const { registry, engine, clock, metrics, feed } = parts;
  const lookForEnd = createSharedLook(engine);
  const logParts = { ...parts, sharedLogs: createSharedLogs(parts) };
  const readMemory = createMemoryReadings(parts);
  const show = (agent: Agent) => detailOf(agent, parts);
  const deployments = createDeployments({
    ...parts,
    deploy: (request) => countedDeploy(metrics, () => deploy(parts, options, request)),
  });
  return {
    find: (agentId) => registry.get(agentId),
    deployments: {
      ...deployments,
      async list(agentId) {
        const found = await deployments.list(agentId);
        // Of a first deploy that is under way or has failed there is no agent.
        if (found.length === 0) registry.get(agentId);
        return found;
      },
    },
    deployOnce: createOnce({ deployments, clock }),
    start: async (agentId, span) => show(await start(parts, agentId, span)),
    rollback: async (agentId, wanted) => show(await rollback(parts, agentId, wanted)),
    stop: async (agentId) => void (await stop(parts, agentId)),
    async remove(agentId) {
      await remove(parts, agentId);
    },
    list: (wanted = {}) => findAgents(registry.all(), wanted),
    detail: (agentId) => show(registry.get(agentId)),
    versions: (agentId) => versionsOf(registry.get(agentId)),
    async stats({ history }) {
      await readMemory();
      const show = history ? figuresWithHistory : figuresOf;
      const agents = registry.all().map((agent) => show(agent, clock.now()));
      return { window_seconds: WINDOW_SECONDS, agents };
    },
    async statsOf(agentId) {
      const agent = registry.get(agentId);
      await readMemory();
      return statsOf(agent, clock.now());
    },
    readMemory,
    feed,
    async secretNames(agentId) {
      const { version } = registry.get(agentId).currentVersion;
      return Object.keys(await parts.secrets.readSecrets(agentId, version)).sort();
    },
    logs: (agentId, tail) => lastLines(logParts, registry.get(agentId), tail),
    followLogs: (agentId, follow) => followLines(logParts, registry.get(agentId), follow),
    whyEnded: (agent, instance) => whyEnded({ ...parts, lookForEnd }, agent, instance),
    hasEnded: (agent, instance) => hasEnded({ ...parts, lookForEnd }, agent, instance),
    lose: (agent, instance) => lose(parts, agent, instance),
  };
}
