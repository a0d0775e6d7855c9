import type { ResourceUse } from "../docker/types.ts";
import type { Agent } from "./agent.ts";
import { nodesOf } from "./nodes/nodes.ts";
import type { AgentParts } from "./parts.ts";
import { volumesOf } from "./volumes/volumes.ts";

/** How long the view of an agent waits for its runtime, which may have no time, milliseconds. */
const LOOK_MS = 35;

/** An agent as `GET /agents` lists it. */
export function summaryOf(agent: Agent) {
  return {
    agent_id: agent.id,
    name: agent.currentVersion.manifest.name,
    version: agent.currentVersion.version,
    labels: agent.currentVersion.manifest.labels ?? {},
    status: agent.state,
    created_at: agent.record.created_at,
    last_invoked: lastInvokedAt(agent),
    nodes: nodesOf(agent),
  };
}

/** An agent with all that is known of it; asks what its container uses, and its runtime, for which it does not wait long. */
export async function detailOf(
  agent: Agent,
  { engine, clock, feed, names }: Pick<AgentParts, "engine" | "clock" | "feed" | "names">,
) {
  const { manifest, entrypoint } = agent.currentVersion;
  const shown = agent.resident === undefined ? [] : [agent.resident, ...agent.replicas.running];
  const soon = <T>(answer: Promise<T>): Promise<T | undefined> =>
    Promise.race([answer.catch(() => undefined), clock.sleep(LOOK_MS).then(() => undefined)]);
  const instances = await Promise.all(
    shown.map(async (instance) => {
      const isPaused = agent.state === "paused";
      const [usage, restarts] = await Promise.all([
        engine.usage(instance.container.id).catch(() => undefined),
        isPaused ? undefined : soon(instance.restarts()),
      ]);
      return {
        container: instance.container.name,
        version: instance.version.version,
        replica: instance.replica,
        state: isPaused ? ("paused" as const) : ("running" as const),
        address: instance.container.address,
        node: instance.container.node ?? null,
        in_flight: instance.inFlight,
        restarts: restarts ?? null,
        resources: resourcesOf(usage),
      };
    }),
  );
  return {
    ...summaryOf(agent),
    endpoint: `/invoke/${agent.id}`,
    entrypoint: { type: entrypoint.type, file: entrypoint.file, reason: entrypoint.reason },
    config: {
      python_version: manifest.pythonVersion,
      warm_timeout: manifest.warmTimeout,
      pause_after: manifest.pauseAfter ?? 0,
      keep_warm: manifest.keepWarm === true,
      min: manifest.replicas?.min ?? 1,
      max: manifest.replicas?.max ?? 1,
      concurrency: manifest.concurrency,
      timeout: manifest.timeout,
      memory: manifest.memory,
      cpus: manifest.cpus,
    },
    versions: versionsOf(agent),
    volumes: volumesOf(agent, names),
    instances,
    starting: startingOf(agent, names),
    queued: agent.queue.length,
    open_streams: agent.openCalls.count,
    states: feed.changesOf(agent.id),
    last_error: agent.lastError ?? null,
    next_start_at: nextStartAt(agent),
  };
}

function startingOf({ id, replicas }: Agent, names: Pick<AgentParts["names"], "container">) {
  return replicas
    .all()
    .filter(({ state }) => state === "starting")
    .map(({ version, number: replica }) => {
      const container = names.container(id, version, replica);
      return { container, version, replica };
    });
}

/** Those that a rollback can serve, oldest first. */
export function versionsOf({ versions, record }: Agent) {
  return versions.map((it) => ({
    version: it.version,
    created_at: it.created_at,
    current: it.version === record.current_version,
    image_id: it.image_id,
    bases: it.bases ?? {},
    dependency_style: it.dependency_style,
    system_packages: it.system_packages ?? {},
  }));
}

function resourcesOf(usage: ResourceUse | undefined) {
  if (usage === undefined) return null;
  return { memory_bytes: usage.memoryBytes, cpu_percent: usage.cpuPercent, processes: usage.processes };
}

/** ISO 8601, UTC; null where the next invoke, or `keep_warm`, starts it at once. */
function nextStartAt({ state, backoff }: Agent): string | null {
  const at = state === "error" ? backoff.nextStartAt : undefined;
  return at === undefined ? null : new Date(at).toISOString();
}

/** ISO 8601, UTC; null if never. */
function lastInvokedAt({ lastInvoked }: Agent): string | null {
  return lastInvoked === undefined ? null : new Date(lastInvoked).toISOString();
}
