import type { ContainerExit } from "../docker/types.ts";
import { messageOf } from "../lib/errors.ts";
import type { AgentsContext } from "./context.ts";
import { adoptRunning } from "./recover.ts";
import { moveTo } from "./state.ts";
import { wake } from "./wake.ts";

/** Pause before the engine's events are followed again after they ended, milliseconds. */
const RECONNECT_MS = 1_000;

/**
 * Follows the engine's events, so that an agent whose container died is known to be down before the next invoke runs
 * into it. It wakes with that invoke. Ends when `signal` aborts.
 */
export async function watchDeaths(context: AgentsContext, signal: AbortSignal): Promise<void> {
  const { engine, clock, log } = context;
  while (!signal.aborted) {
    try {
      for await (const death of engine.exits({ signal })) onDeath(context, death);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "the engine's events cannot be followed");
    }
    await clock.sleep(RECONNECT_MS, signal).catch(() => undefined);
    if (!signal.aborted) await catchUp(context);
  }
}

/** After a gap in the events: whose container no longer runs, and whose does although we thought it asleep? */
async function catchUp(context: AgentsContext): Promise<void> {
  try {
    const containers = await context.engine.listContainers();
    const running = new Set(containers.filter((it) => it.running).map((it) => it.name));
    for (const { instance } of context.registry.all()) {
      if (instance === undefined || running.has(instance.container.name)) continue;
      onDeath(context, { id: instance.container.id, name: instance.container.name, exitCode: -1 });
    }
    await adoptRunning(context, containers);
  } catch (error) {
    context.log.warn(
      { reason: messageOf(error) },
      "the engine does not answer; agents that run keep running",
    );
  }
}

function onDeath(context: AgentsContext, death: ContainerExit): void {
  context.deaths.tell(death.id);
  const agent = context.registry.all().find(({ instance }) => instance?.container.id === death.id);
  if (agent === undefined) return;
  const at = new Date(context.clock.now()).toISOString();
  agent.instance = undefined;
  agent.lastError = {
    at,
    code: "INVOKE_FAILED",
    message: `Its container exited with code ${death.exitCode}.`,
    log: "",
  };
  const { log, metrics } = context;
  metrics.deaths.inc({});
  moveTo(agent, "idle", { log, metrics, reason: `its container exited with code ${death.exitCode}` });
  if (agent.waiters.length > 0) wake(context, agent);
}
