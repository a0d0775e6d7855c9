import { messageOf } from "../../lib/errors.ts";
import type { Agent, Instance } from "../agent.ts";
import type { AgentParts } from "../parts.ts";
import type { Replica } from "./replicas.ts";

/** Further instances of a version that is to serve, ready. */
export type Beside = { replica: Replica; instance: Instance };

/**
 * Starts beside the first instance of the next version as many as serve now, within its limits: when the route flips, no
 * call has to wait for a start. One that fails is left to the scaler. Never rejects.
 */
export async function startBeside(
  { instances, log }: Pick<AgentParts, "instances" | "log">,
  agent: Agent,
  { first, signal }: { first: Instance; signal: AbortSignal },
): Promise<Beside[]> {
  const { version } = first;
  const { min, max } = version.manifest.replicas ?? { min: 1, max: 1 };
  const serving = agent.serving.length;
  const wanted = serving === 0 ? 0 : Math.min(max, Math.max(min, serving)) - 1;
  const starts = Array.from({ length: wanted }, async () => {
    const number = agent.replicas.freeNumber(version.version, first);
    const replica = agent.replicas.add({ version: version.version, number, isNext: true });
    const boost = false;
    try {
      return {
        replica,
        instance: await instances.start(agent.id, version, { signal, boost, replica: number }),
      };
    } catch (error) {
      agent.replicas.forget(replica);
      const reason = messageOf(error);
      if (!signal.aborted)
        log.warn({ agent_id: agent.id, reason }, "one more instance of the next version did not start");
      return undefined;
    }
  });
  return (await Promise.all(starts)).flatMap((it) => it ?? []);
}
