import type { Engine, KeptRecord } from "../../src/docker/types.ts";

/** Records in memory, by their names. */
export function createFakeRecords(): Pick<Engine, "records" | "keepRecord" | "dropRecords"> {
  const kept = new Map<string, KeptRecord>();
  return {
    records: async () => [...kept.values()],
    async keepRecord(record) {
      const { kind, agentId, version = 0, number } = record;
      const name = [kind, agentId, version, number].join("/");
      if (kept.has(name)) return undefined;
      kept.set(name, { ...record, name });
      return name;
    },
    async dropRecords(names) {
      for (const name of names) kept.delete(name);
    },
  };
}
