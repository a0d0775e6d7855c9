import { drain } from "../../instance/drain.ts";
import type { Instance } from "../../instance/instance.ts";
import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";

export type RetireParts = Pick<AgentParts, "clock" | "reach"> & {
  instances: Pick<AgentParts["instances"], "remove">;
};

/**
 * Lets an instance that takes no more requests finish those inside it, then removes its container. Until the container
 * is being stopped the instance can be recalled: a rollback to its version lets it serve again.
 */
export function retire(
  { instances, clock, reach }: RetireParts,
  agent: Agent,
  instance: Instance,
): Promise<void> {
  const recalling = new AbortController();
  let isStopping = false;
  return agent.retirements.add(instance.version.version, {
    async work() {
      const timeoutMs = instance.version.manifest.timeout * 1000;
      await drain(instance, { clock, timeoutMs, signal: recalling.signal });
      if (recalling.signal.aborted) return;
      isStopping = true;
      instance.cutOff("replaced");
      await reach("retire.drained");
      await instances.remove(agent.id, instance.container.name);
      await reach("retire.removed");
      instance.end({ reason: "stopped" });
    },
    instance: () => (isStopping ? undefined : instance),
    recall() {
      if (!isStopping) recalling.abort();
      return !isStopping;
    },
  });
}

/** Cuts off the requests inside an instance of an agent that was stopped, and removes its container. */
export function retireAtOnce(
  { instances }: Pick<RetireParts, "instances">,
  agent: Agent,
  instance: Instance,
): Promise<void> {
  return agent.retirements.add(instance.version.version, {
    async work() {
      instance.cutOff("stopped");
      await instances.remove(agent.id, instance.container.name);
      instance.end({ reason: "stopped" });
    },
  });
}

/** Removes the stopped or paused container of a version that is no longer the current one, once `settled` has resolved. */
export function retireStopped(
  { instances }: Pick<RetireParts, "instances">,
  agent: Agent,
  { version, container, settled }: { version: number; container: string; settled: Promise<void> },
): Promise<void> {
  return agent.retirements.add(version, {
    async work() {
      await settled;
      await instances.remove(agent.id, container);
    },
  });
}
