import type { Engine, ResourceUse } from "../docker/types.ts";
import type { Agent } from "./agent.ts";

/** An agent as `GET /agents` lists it. */
export function summaryOf(agent: Agent) {
  return {
    agent_id: agent.id,
    name: agent.currentVersion.manifest.name,
    status: agent.state,
    created_at: agent.record.created_at,
    last_invoked: lastInvokedAt(agent),
  };
}

/** An agent with all that is known of it; asks the engine what its container uses. */
export async function detailOf(agent: Agent, engine: Pick<Engine, "usage">) {
  const { manifest, entrypoint, version } = agent.currentVersion;
  const { instance } = agent;
  const [usage, restarts] = await Promise.all([
    instance === undefined ? undefined : engine.usage(instance.container.id).catch(() => undefined),
    instance?.restarts(),
  ]);
  return {
    ...summaryOf(agent),
    endpoint: `/invoke/${agent.id}`,
    version,
    entrypoint: { type: entrypoint.type, file: entrypoint.file, reason: entrypoint.reason },
    config: {
      python_version: manifest.pythonVersion,
      warm_timeout: manifest.warmTimeout,
      concurrency: manifest.concurrency,
      timeout: manifest.timeout,
      memory: manifest.memory,
      cpus: manifest.cpus,
    },
    versions: agent.versions.map((it) => ({
      version: it.version,
      created_at: it.created_at,
      current: it.version === version,
      image_id: it.image_id,
      bases: it.bases ?? {},
      dependency_style: it.dependency_style,
    })),
    instances:
      instance === undefined
        ? []
        : [
            {
              container: instance.container.name,
              version: instance.version.version,
              address: instance.container.address,
              in_flight: instance.inFlight,
              restarts: restarts ?? null,
              resources: resourcesOf(usage),
            },
          ],
    queued: agent.queue.length,
    last_error: agent.lastError ?? null,
  };
}

function resourcesOf(usage: ResourceUse | undefined) {
  if (usage === undefined) return null;
  return { memory_bytes: usage.memoryBytes, cpu_percent: usage.cpuPercent, processes: usage.processes };
}

/** ISO 8601, UTC; null if never. */
function lastInvokedAt({ lastInvoked }: Agent): string | null {
  return lastInvoked === undefined ? null : new Date(lastInvoked).toISOString();
}
