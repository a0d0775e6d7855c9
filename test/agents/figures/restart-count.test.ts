import { expect, test } from "bun:test";

import { createRegistry } from "../../../src/agents/registry.ts";
import { createRestartCount } from "../../../src/agents/figures/restart-count.ts";
import { agentIn, instanceOf } from "../../helpers/records.ts";

test("processes that were replaced are counted once, and stay counted when their instance says nothing", async () => {
  const told: (number | undefined)[] = [2, 2, undefined, 3];
  const registry = createRegistry();
  registry.add(agentIn("running", { instance: instanceOf(undefined, { restarts: () => told.shift() }) }));
  registry.add(agentIn("idle", { id: "other" }));
  const count = createRestartCount(registry);

  expect([await count(), await count(), await count(), await count()]).toEqual([2, 2, 2, 3]);
});
