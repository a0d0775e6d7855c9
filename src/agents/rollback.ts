import { RunnerError } from "../lib/errors.ts";
import type { VersionRecord } from "../model/agent.ts";
import { type Span, traced } from "../tracing/span.ts";
import type { Agent, Instance } from "./agent.ts";
import { startByRequest } from "./commands.ts";
import { type HandoverParts, handOver } from "./handover.ts";
import type { AgentParts } from "./parts.ts";
import { type VersionStart, startVersion } from "./starts/start-version.ts";

type RollbackParts = HandoverParts & Pick<AgentParts, "operations" | "registry" | "engine">;

/**
 * Makes an earlier version the one that serves, with its own files, packages and secrets; the next older one unless
 * `wanted` names another. As with a deploy `handover` has the order, and the current version goes on when the other
 * fails. The current version itself is started if it does not run.
 */
export function rollback(
  parts: RollbackParts,
  agentId: string,
  { version: wanted, span }: RollbackOptions = {},
): Promise<Agent> {
  return parts.operations.run(agentId, { name: "rollback" }, async (signal) => {
    const agent = parts.registry.get(agentId);
    const version = wanted === undefined ? olderThanCurrent(agent) : versionOf(agent, wanted);
    if (version.version === agent.record.current_version)
      return startByRequest(parts, agent, { signal, span });
    const starting = span?.child("start");
    const start = async () => {
      const instance = await recallOrStart(parts, agent, { version, signal, span: starting });
      await parts.reach("rollback.started");
      return instance;
    };
    const reason = `rolled back to version ${version.version}`;
    await traced(starting, () => handOver(parts, agentId, { version, start, reason, signal }));
    return agent;
  });
}

export type RollbackOptions = { version?: number | undefined; span?: Span | undefined };

/** An instance of the version that still has requests inside, else a fresh one. */
async function recallOrStart(
  parts: RollbackParts,
  agent: Agent,
  { version, signal, span }: VersionStart,
): Promise<Instance> {
  for (const instance of agent.retirements.instances()) {
    if (instance.version.version !== version.version) continue;
    const state = await parts.engine.inspectContainer(instance.container.name);
    if (state?.running && agent.retirements.recall(instance)) return instance;
  }
  return (await startVersion(parts, agent, { version, signal, span })).instance;
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
