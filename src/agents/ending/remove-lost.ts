import type { Instance, InstanceEnd } from "../../instance/instance.ts";
import type { Agent } from "../agent.ts";
import { endInWords } from "./end-cause.ts";
import type { AgentParts } from "../parts.ts";

export type LostParts = Pick<AgentParts, "clock" | "log"> & {
  instances: Pick<AgentParts["instances"], "lastLines" | "remove">;
};

/** Removes what is left of an instance that has ended while others serve. The agent's last error has its last lines. */
export function removeLost(
  { instances, clock, log }: LostParts,
  agent: Agent,
  { instance, cause }: { instance: Instance; cause: InstanceEnd },
): Promise<void> {
  const { name } = instance.container;
  const what = `container ${endInWords(cause)}`;
  const at = new Date(clock.now()).toISOString();
  log.warn(
    { agent_id: agent.id, container: name, reason: `its ${what}` },
    "one of an agent's instances has ended",
  );
  return agent.retirements.add(instance.version.version, {
    async work() {
      // Of a node that is away nobody gets them, however long it is asked.
      const isAway = cause.reason === "node_lost";
      const lines = await (isAway ? "" : instances.lastLines(agent.id, instance));
      agent.lostOne({
        at,
        code: "INVOKE_FAILED",
        message: `One of its instances has ended: its ${what}.`,
        log: lines,
        ...(cause.reason === "exited" ? { exit_code: cause.exitCode } : {}),
      });
      await instances.remove(agent.id, name);
    },
  });
}
