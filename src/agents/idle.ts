import type { Agent, Instance } from "./agent.ts";
import type { AgentParts } from "./parts.ts";

type IdleParts = Pick<AgentParts, "registry" | "instances" | "clock" | "log">;

/** Puts agents to sleep that nothing has used for their `warm_timeout`; called every `OKEN_CLEANUP_INTERVAL`. */
export function sweepIdle(parts: IdleParts): void {
  const now = parts.clock.monotonic();
  for (const agent of parts.registry.all()) {
    const { instance } = agent;
    if (instance !== undefined && agent.queue.length === 0 && isUnused(instance, now))
      putToSleep(parts, agent, instance);
  }
}

function isUnused({ inFlight, lastUsed, version }: Instance, now: number): boolean {
  const { warmTimeout } = version.manifest;
  return inFlight === 0 && warmTimeout > 0 && now - lastUsed >= warmTimeout * 1000;
}

/** Out of service in the same turn of the event loop that found it unused, so that no request can slip in between. */
function putToSleep({ instances, log }: IdleParts, agent: Agent, instance: Instance): void {
  const stopping = instances.stop(instance).catch((error: unknown) => {
    log.error({ agent_id: agent.id, err: error }, "could not stop an idle agent's container");
  });
  const reason = `unused for ${instance.version.manifest.warmTimeout} s`;
  agent.move({ state: "idle", stopping }, { reason });
}
