import { expect, test } from "bun:test";

import { MANAGERS_ARGS, callersOf, nodeCallers } from "../../../src/docker/node/callers.ts";

const MANAGERS = JSON.stringify([
  { NodeID: "b", Addr: "10.0.0.12:2377" },
  { NodeID: "a", Addr: "10.0.0.11:2377" },
  { NodeID: "c", Addr: "[fd00::13]:2377" },
]);

test("the managers call agents, at ports that the kernel chooses", () => {
  expect(callersOf(MANAGERS, "32768\t60999\n")).toEqual({
    from: ["10.0.0.11", "10.0.0.12", "fd00::13"],
    ports: [32768, 60999],
  });
});

test.each([
  ["in no swarm", "null"],
  ["without a manager", "[]"],
  ["a manager of which no address is known", '[{"Addr":"0.0.0.0:2377"},{"Addr":"10.0.0.11:2377"}]'],
])("a host shuts nobody out whom it does not know: %s", (_, managers) => {
  expect(callersOf(managers, "1 2")).toBeUndefined();
});

test("where the kernel does not tell its ports they are the usual ones", async () => {
  const exec = { run: async (args: string[]) => (args === MANAGERS_ARGS ? MANAGERS : "") };
  const callers = await nodeCallers(exec, () => Promise.reject(new Error("no such file")));
  expect(callers?.ports).toEqual([32768, 60999]);
});
