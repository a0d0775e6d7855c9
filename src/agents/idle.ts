import type { Agent } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import { putDown } from "./retire.ts";
import { moveTo } from "./state.ts";

/** Puts agents to sleep that nothing has used for their `warm_timeout`; called every `OKEN_CLEANUP_INTERVAL`. */
export function sweepIdle(context: AgentsContext): void {
  const now = context.clock.monotonic();
  for (const agent of context.registry.all()) if (isIdle(agent, now)) sleep(context, agent);
}

function isIdle({ instance, waiters }: Agent, now: number): boolean {
  if (instance === undefined || instance.inFlight > 0 || waiters.length > 0) return false;
  const { warmTimeout } = instance.version.manifest;
  return warmTimeout > 0 && now - instance.lastUsed >= warmTimeout * 1000;
}

/** Out of service in the same turn of the loop that found it idle, so that no request can slip in between. */
function sleep(context: AgentsContext, agent: Agent): void {
  const { log, metrics } = context;
  const reason = `unused for ${agent.instance?.version.manifest.warmTimeout} s`;
  moveTo(agent, "idle", { log, metrics, reason });
  agent.settling = putDown(context, agent).catch((error: unknown) => {
    log.error({ agent_id: agent.id, err: error }, "could not stop an idle agent's container");
  });
}
