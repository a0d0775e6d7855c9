import { expect, test } from "bun:test";

import { createRegistry } from "../../src/agents/registry.ts";
import { createUserIds } from "../../src/agents/user-ids.ts";
import { createFakeEngine } from "../helpers/fake-engine.ts";
import { agentIn, instanceOf, versionRecord } from "../helpers/records.ts";

/** The ids of one runner; agents that it has are added to its registry. */
function fixture({ runnerId = "runner", range = undefined as readonly [number, number] | undefined } = {}) {
  const registry = createRegistry();
  const engine = createFakeEngine();
  const ids = createUserIds({ engine, registry, runnerId, range });
  const keep = (id: string, userId: number | undefined) => {
    const version = { ...versionRecord(1), ...(userId === undefined ? {} : { user_id: userId }) };
    registry.add(agentIn("idle", { id, instance: instanceOf(version) }));
  };
  return { ids, engine, registry, keep };
}

test("each agent has an id of its own, also while several are deployed at once", async () => {
  const { ids } = fixture();
  const leases = await Promise.all(["a", "b", "c"].map((agentId) => ids.take(agentId)));
  expect(new Set(leases.map(({ id }) => id)).size).toBe(3);
});

test("an agent keeps its id over deploys, and gives it back when it is removed", async () => {
  const { ids, registry, keep } = fixture({ range: [200, 200] });
  keep("echo", 200);
  using again = await ids.take("echo");
  expect(again.id).toBe(200);
  await expect(ids.take("other")).rejects.toThrow(
    "All 1 user ids from 200 to 200 belong to agents. Remove an agent, or widen OKEN_UID_RANGE.",
  );
  again[Symbol.dispose]();
  registry.remove("echo");
  expect((await ids.take("other")).id).toBe(200);
});

test("an agent keeps its id when the operator changes the range", async () => {
  const { ids, keep } = fixture({ range: [200, 299] });
  keep("echo", 5000);
  expect((await ids.take("echo")).id).toBe(5000);
});

test("a failed first deploy gives its id back", async () => {
  const { ids } = fixture({ range: [200, 200] });
  (await ids.take("first"))[Symbol.dispose]();
  expect((await ids.take("second")).id).toBe(200);
});

test("an agent from before agents had ids gets one with its next deploy", async () => {
  const { ids, keep } = fixture({ range: [200, 200] });
  keep("echo", undefined);
  expect((await ids.take("echo")).id).toBe(200);
});

test("two runners of one engine begin elsewhere, and a runner where it did before", async () => {
  const firsts = await Promise.all(
    ["one", "two", "one"].map(async (runnerId) => (await fixture({ runnerId }).ids.take("echo")).id),
  );
  expect(firsts[0]).not.toBe(firsts[1]);
  expect(firsts[0]).toBe(firsts[2]);
});

test("where the engine has few ids, they are below those of the system's own services", async () => {
  const { engine, registry } = fixture();
  const small = { ...engine, userIds: async () => ({ largest: 65_535, mapped: true }) };
  const ids = createUserIds({ engine: small, registry, runnerId: "runner", range: undefined });
  const lease = await ids.take("echo");
  expect(lease.id).toBeGreaterThan(10_001);
  expect(lease.id).toBeLessThan(60_000);
  expect(lease.onHost).toBeUndefined();
});
