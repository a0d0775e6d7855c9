import { RunnerError } from "../../lib/errors.ts";
import type { AgentRecord, VersionRecord } from "../../model/agent.ts";
import { type Activity, FIRST_START, settled } from "../activity.ts";
import { Agent, type Instance } from "../agent.ts";
import type { Beside } from "../scaling/beside.ts";
import type { AgentParts } from "../parts.ts";
import { volumePaths } from "../volumes/volumes.ts";
import { type RetireParts, retire, retireStopped } from "../ending/retire.ts";

export type CommitParts = RetireParts &
  DiscardParts &
  Pick<AgentParts, "clock" | "metrics" | "feed" | "keepVersions">;
export type DiscardParts = Pick<AgentParts, "registry" | "store" | "engine" | "names" | "log" | "reach">;

/**
 * Makes a version that is ready the one that serves. Writing it to disk is the commit; then the route flips, and the old
 * instance drains. When the write fails, nothing has changed.
 */
export async function commit(
  parts: CommitParts,
  agentId: string,
  { instance, beside = [], reason }: { instance: Instance; beside?: Beside[]; reason: string },
): Promise<void> {
  const { registry, store, clock, keepVersions, reach } = parts;
  const { version } = instance;
  const known = registry.find(agentId);
  const before = known?.record.current_version;
  const { kept, surplus } = keptVersions(known?.versions ?? [], { version, before, most: keepVersions });
  const volumes = volumePaths(known?.record.volumes, version.manifest);
  const record: AgentRecord = {
    schema: 1,
    agent_id: agentId,
    created_at: known?.record.created_at ?? new Date(clock.now()).toISOString(),
    desired: "running",
    current_version: version.version,
    versions: kept.map((it) => it.version),
    ...(volumes.length === 0 ? {} : { volumes }),
  };
  await store.writeAgent(record);
  await reach("commit.written");

  const agent = known ?? new Agent({ ...parts, record, versions: kept, activity: FIRST_START });
  const { activity } = agent;
  agent.recorded(record, kept);
  agent.backoff.reset();
  agent.replicas.backoff.reset();
  registry.add(agent);
  for (const it of beside) agent.replicas.serves(it.replica, it.instance);
  agent.move({ state: "running", instance }, { reason });
  if (before !== undefined) replace(parts, agent, { version: before, activity });
  for (const it of surplus) void discard(parts, agentId, it.version);
  await reach("commit.flipped");
}

/** Ends what the agent was doing with the version that it served before. */
function replace(
  parts: CommitParts,
  agent: Agent,
  { version, activity }: { version: number; activity: Activity },
): void {
  if (activity.state === "running") {
    void retire(parts, agent, activity.instance);
  } else if (activity.state === "starting") {
    const { start } = activity;
    start.end(new RunnerError("DEPLOY_CONFLICT", `Another version of agent ${agent.id} serves now.`));
    // Ended before it began, it leaves the container that it was to wake.
    const container = parts.names.container(agent.id, version);
    void retireStopped(parts, agent, { version, container, settled: start.done });
  } else {
    // Of several instances another than the first may have been left, and paused.
    const container =
      activity.state === "paused"
        ? activity.instance.container.name
        : parts.names.container(agent.id, version);
    void retireStopped(parts, agent, { version, container, settled: settled(activity) });
  }
}

/** Leaves nothing of a version. A failure to clean up is logged, never thrown: it must not hide why we came here. */
export async function discard(parts: DiscardParts, agentId: string, version: number): Promise<void> {
  const { engine, store, names, log, registry, reach } = parts;
  try {
    // Requests may be inside a version that is too old to be kept.
    await registry.find(agentId)?.retirements.gone(version);
    await store.removeVersion(agentId, version);
    await reach("discard.files");
    await engine.removeContainer(names.container(agentId, version));
    await reach("discard.container");
    await engine.removeImages([names.image(agentId, version)]);
  } catch (error) {
    log.error({ agent_id: agentId, version, err: error }, "could not remove all that a version left behind");
  }
}

/**
 * Leaves nothing of an agent that has no version. Its directory goes last: until then a start knows that there may be
 * more. Never throws.
 */
export async function discardFirst(
  { registry, store, log }: Pick<DiscardParts, "registry" | "store" | "log">,
  agentId: string,
): Promise<void> {
  if (registry.find(agentId) !== undefined) return;
  try {
    await store.removeAgent(agentId);
    await store.forgetRemoved(agentId);
  } catch (error) {
    log.error({ agent_id: agentId, err: error }, "could not remove what a first deploy left behind");
  }
}

/**
 * The `most` newest versions, with `version` among them. The one that served `before` is kept whatever its age: it is known to
 * work.
 */
export function keptVersions(
  versions: readonly VersionRecord[],
  { version, before, most }: { version: VersionRecord; before: number | undefined; most: number },
): { kept: VersionRecord[]; surplus: VersionRecord[] } {
  const all = [...versions.filter((it) => it.version !== version.version), version].sort(
    (a, b) => a.version - b.version,
  );
  const surplus = all
    .filter((it) => it.version !== version.version && it.version !== before)
    .slice(0, Math.max(0, all.length - most));
  return { kept: all.filter((it) => !surplus.includes(it)), surplus };
}
