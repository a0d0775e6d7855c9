import type { Reach } from "../../lib/fail-points.ts";
import type { Store } from "../store.ts";
import type { Mirror } from "./mirror.ts";

/**
 * The same, with what agents are made of in the mirror before it is on the disk: a runner elsewhere then finds what was
 * acknowledged. Source trees are on the disk alone.
 */
export function mirroredStore(store: Store, mirror: Mirror, reach: Reach): Store {
  return {
    ...store,
    writeAgent: (record) =>
      mirror.write({ kind: "agent", agentId: record.agent_id }, JSON.stringify(record), async () => {
        await reach("record.kept");
        await store.writeAgent(record);
      }),
    writeVersion(agentId, record) {
      const { version } = record;
      const onDisk = () => store.writeVersion(agentId, record);
      return mirror.write({ kind: "version", agentId, version }, JSON.stringify(record), onDisk);
    },
    async removeVersion(agentId, version) {
      await mirror.remove((place) => place.agentId === agentId && place.version === version);
      await store.removeVersion(agentId, version);
    },
    async removeAgent(agentId) {
      await mirror.remove((place) => place.agentId === agentId);
      await reach("remove.dropped");
      await store.removeAgent(agentId);
    },
  };
}
