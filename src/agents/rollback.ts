import { RunnerError } from "../lib/errors.ts";
import type { VersionRecord } from "../model/agent.ts";
import type { Agent } from "./agent.ts";
import type { Instance } from "../instance/instance.ts";
import { commit } from "./deploy/commit.ts";
import { startAgent } from "./commands.ts";
import type { AgentsContext } from "./context.ts";
import { bringUp } from "./rebuild.ts";
import { retire } from "./retire.ts";

/**
 * Makes an earlier version the one that serves, with its own files, packages and secrets; the next older one unless
 * `wanted` names another. As with a deploy the current version serves until the other is ready, and goes on when that
 * fails. The current version itself is started if it does not run.
 */
export function rollback(context: AgentsContext, agentId: string, wanted?: number): Promise<Agent> {
  return context.operations.run(agentId, { name: "rollback" }, async (signal) => {
    const agent = context.registry.get(agentId);
    const version = wanted === undefined ? olderThanCurrent(agent) : versionOf(agent, wanted);
    if (version.version === agent.record.current_version) return startAgent(context, agent, signal);
    const instance = await bringBack(context, agent, { version, signal });
    try {
      signal.throwIfAborted();
      await commit(context, agentId, { instance, reason: `rolled back to version ${version.version}` });
    } catch (error) {
      await retire(context, agent, instance);
      throw error;
    }
    return agent;
  });
}

/** The instance of an earlier version that still has requests inside, else a fresh one. */
async function bringBack(
  context: AgentsContext,
  agent: Agent,
  { version, signal }: { version: VersionRecord; signal: AbortSignal },
): Promise<Instance> {
  const retirement = agent.retiring.get(version.version);
  if (retirement !== undefined) {
    const container = context.names.container(agent.id, version.version);
    const state = await context.engine.inspectContainer(container);
    const instance = state?.running ? retirement.recall() : undefined;
    if (instance !== undefined) return instance;
  }
  return bringUp(context, agent, { version, signal });
}

function versionOf(agent: Agent, wanted: number): VersionRecord {
  const found = agent.versions.find(({ version }) => version === wanted);
  if (found !== undefined) return found;
  const numbers = agent.versions.map(({ version }) => version).join(", ");
  throw new RunnerError("NOT_FOUND", `Agent ${agent.id} has no version ${wanted}; there are: ${numbers}.`);
}

function olderThanCurrent(agent: Agent): VersionRecord {
  const current = agent.record.current_version;
  const found = agent.versions.findLast(({ version }) => version < current);
  if (found !== undefined) return found;
  throw new RunnerError(
    "NOT_FOUND",
    `Agent ${agent.id} has no version older than ${current}, the current one: there is nothing to roll back to.`,
  );
}
