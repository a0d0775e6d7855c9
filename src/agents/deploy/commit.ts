import { RunnerError } from "../../lib/errors.ts";
import type { AgentRecord, VersionRecord } from "../../model/agent.ts";
import { type Agent, createAgent } from "../agent.ts";
import { type Instance } from "../../instance/instance.ts";
import type { AgentsContext } from "../context.ts";
import { awaitEnd, removeSleeping, retire } from "../retire.ts";
import { moveTo } from "../state.ts";

/** Versions kept for a rollback, the current one among them. */
const KEPT_VERSIONS = 5;

/**
 * Makes a version that is ready the one that serves: written to disk, which is the commit, then the route flips and the
 * old instance drains behind. When the write fails, nothing has changed.
 */
export async function commit(
  context: AgentsContext,
  agentId: string,
  { instance, reason }: { instance: Instance; reason: string },
): Promise<void> {
  const { registry, store, pool, log, metrics, clock, names } = context;
  const { version } = instance;
  const known = registry.find(agentId);
  const before = known?.record.current_version;
  const { kept, surplus } = keptVersions(known?.versions ?? [], { version, before });
  const record: AgentRecord = {
    schema: 1,
    agent_id: agentId,
    created_at: known?.record.created_at ?? new Date(clock.now()).toISOString(),
    desired: "running",
    current_version: version.version,
    versions: kept.map((it) => it.version),
  };
  await store.writeAgent(record);

  const agent = known ?? createAgent({ record, versions: [], state: "starting" });
  const old = agent.instance;
  agent.record = record;
  agent.versions = kept;
  agent.instance = instance;
  agent.lastError = undefined;
  moveTo(agent, "running", { log, metrics, reason });
  registry.add(agent);
  pool.pump(agent);

  if (old !== undefined) void retire(context, agent, old);
  else if (before !== undefined && agent.waking !== undefined) {
    agent.waking.end(overtaken(agent));
    awaitEnd(agent, before, agent.waking.done);
  } else if (before !== undefined) {
    void removeSleeping(context, agent, { version: before, container: names.container(agentId, before) });
  }
  for (const it of surplus) void discard(context, agentId, it.version);
}

/** Leaves nothing of a version. A failure to clean up is logged, never thrown: it must not hide why we came here. */
export async function discard(context: AgentsContext, agentId: string, version: number): Promise<void> {
  const { engine, store, names, log, registry } = context;
  try {
    // Requests may be inside of a version that is too old to be kept.
    await registry.find(agentId)?.retiring.get(version)?.done;
    await store.removeVersion(agentId, version);
    if (registry.find(agentId) === undefined) await store.removeAgent(agentId);
    await engine.removeContainer(names.container(agentId, version));
    await engine.removeImages([names.image(agentId, version)]);
  } catch (error) {
    log.error({ agent_id: agentId, version, err: error }, "could not remove all that a version left behind");
  }
}

/**
 * The newest versions with `version` among them. The one that served `before` is kept whatever its age: it is the one
 * that is known to work.
 */
export function keptVersions(
  versions: VersionRecord[],
  { version, before }: { version: VersionRecord; before: number | undefined },
): { kept: VersionRecord[]; surplus: VersionRecord[] } {
  const all = [...versions.filter((it) => it.version !== version.version), version].sort(
    (a, b) => a.version - b.version,
  );
  const surplus = all
    .filter((it) => it.version !== version.version && it.version !== before)
    .slice(0, Math.max(0, all.length - KEPT_VERSIONS));
  return { kept: all.filter((it) => !surplus.includes(it)), surplus };
}

function overtaken({ id }: Agent): RunnerError {
  return new RunnerError("DEPLOY_CONFLICT", `Another version of agent ${id} serves now.`);
}
