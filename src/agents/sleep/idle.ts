import type { Instance } from "../../instance/instance.ts";
import type { Agent } from "../agent.ts";
import { settled } from "../activity.ts";
import type { AgentParts } from "../parts.ts";
import { type PauseParts, createPauser } from "./pause.ts";

type IdleParts = PauseParts & Pick<AgentParts, "registry" | "instances" | "reach">;

/**
 * Pauses agents that nothing has used for their `pause_after`, and stops those that nothing has used for their
 * `warm_timeout`, paused or not; called every `OKEN_CLEANUP_INTERVAL`.
 */
export function createIdleSweep(parts: IdleParts): () => void {
  const { registry, engine, clock } = parts;
  const pauser = createPauser(parts);
  return () => {
    const now = clock.monotonic();
    for (const agent of registry.all()) {
      const { resident } = agent;
      if (resident === undefined || agent.queue.length > 0) continue;
      const all = [resident, ...agent.replicas.running];
      if (all.some(({ inFlight }) => inFlight > 0)) continue;
      const lastUsed = Math.max(...all.map((instance) => instance.lastUsed));
      const { warmTimeout, pauseAfter = 0 } = resident.version.manifest;
      const isUnusedFor = (seconds: number) => seconds > 0 && now - lastUsed >= seconds * 1000;
      if (isUnusedFor(warmTimeout)) putToSleep(parts, agent, resident);
      else if (engine.can.pause && agent.state === "running" && isUnusedFor(pauseAfter))
        pauser.pause(agent, resident);
    }
  };
}

/** Out of service in the same turn of the event loop that found it unused, so that no request can slip in between. */
function putToSleep({ instances, log, reach }: IdleParts, agent: Agent, instance: Instance): void {
  const stopping = settled(agent.activity)
    .then(() => instances.stop(instance))
    .then(() => reach("sleep.stopped"))
    .catch((error: unknown) => {
      log.error({ agent_id: agent.id, err: error }, "could not stop an idle agent's container");
    });
  const reason = `unused for ${instance.version.manifest.warmTimeout} s`;
  agent.move({ state: "idle", stopping }, { reason });
}
