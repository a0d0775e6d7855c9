import type { ContainerExit } from "../docker/types.ts";
import { messageOf } from "../lib/errors.ts";
import { ASLEEP } from "./activity.ts";
import type { AgentParts } from "./parts.ts";
import { adoptRunning } from "./recover.ts";
import type { StartParts } from "./start.ts";
import { wake } from "./wake.ts";

/** Pause before the engine's events are followed again after they ended, milliseconds. */
const RECONNECT_MS = 1_000;

type EventParts = StartParts & Pick<AgentParts, "engine" | "registry" | "exits">;

/**
 * Follows the engine's events, so that an agent whose container exited is known to be down before the next invoke runs
 * into it; that invoke wakes it. Ends when `signal` aborts.
 */
export async function watchExits(parts: EventParts, signal: AbortSignal): Promise<void> {
  const { engine, clock, log } = parts;
  while (!signal.aborted) {
    try {
      for await (const exit of engine.exits({ signal })) onExit(parts, exit);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "the engine's events cannot be followed");
    }
    await clock.sleep(RECONNECT_MS, signal).catch(() => undefined);
    if (!signal.aborted) await catchUp(parts);
  }
}

/** After a gap in the events: finds the agents whose container no longer runs, and those that run though we think them asleep. */
async function catchUp(parts: EventParts): Promise<void> {
  try {
    const containers = await parts.engine.listContainers();
    const running = new Set(containers.filter((it) => it.running).map((it) => it.name));
    for (const { instance } of parts.registry.all()) {
      if (instance === undefined || running.has(instance.container.name)) continue;
      onExit(parts, { id: instance.container.id, name: instance.container.name, exitCode: -1 });
    }
    await adoptRunning(parts, containers);
  } catch (error) {
    parts.log.warn({ reason: messageOf(error) }, "the engine does not answer; agents that run keep running");
  }
}

function onExit(parts: EventParts, { id, exitCode }: ContainerExit): void {
  parts.exits.record(id);
  const agent = parts.registry.all().find(({ instance }) => instance?.container.id === id);
  if (agent === undefined) return;
  parts.metrics.exits.inc({});
  const error = {
    at: new Date(parts.clock.now()).toISOString(),
    code: "INVOKE_FAILED",
    message: `Its container exited with code ${exitCode}.`,
    log: "",
  };
  agent.move(ASLEEP, { reason: `its container exited with code ${exitCode}`, error });
  if (agent.queue.length > 0) wake(parts, agent);
}
