import { expect, test } from "bun:test";

import type { Agent } from "../../src/agents/agent.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import { type Wanted, findAgents } from "../../src/agents/search.ts";
import { agentIn, instanceOf, versionRecord } from "../helpers/records.ts";

function agentWith(
  id: string,
  labels: Record<string, string>,
  state: "running" | "stopped" = "running",
): Agent {
  const version = versionRecord(1);
  return agentIn(state, {
    id,
    instance: instanceOf({ ...version, manifest: { ...version.manifest, labels } }),
  });
}

const registry = createRegistry();
for (const agent of [
  agentWith("web", { team: "search", tier: "front" }),
  agentWith("batch", { team: "search" }, "stopped"),
  agentWith("mail", { team: "post" }),
])
  registry.add(agent);

const found = (wanted: Wanted) => findAgents(registry.all(), wanted).agents.map(({ agent_id }) => agent_id);

test("agents are found by state and by labels", () => {
  expect(found({})).toEqual(["batch", "mail", "web"]);
  expect(found({ states: ["stopped"] })).toEqual(["batch"]);
  expect(found({ labels: [{ key: "team", value: "search" }] })).toEqual(["batch", "web"]);
  expect(found({ labels: [{ key: "tier", value: undefined }] })).toEqual(["web"]);
  expect(found({ labels: [{ key: "constructor", value: undefined }] })).toEqual([]);
  expect(found({ states: ["running"], labels: [{ key: "team", value: "search" }] })).toEqual(["web"]);
});

test("pages follow each other, also when the agent that a cursor stands on is gone", () => {
  const first = findAgents(registry.all(), { limit: 1 });
  expect(first.agents.map(({ agent_id }) => agent_id)).toEqual(["batch"]);
  const without = registry.all().filter(({ id }) => id !== "batch");
  const second = findAgents(without, { limit: 2, cursor: first.next_cursor ?? "" });
  expect(second.agents.map(({ agent_id }) => agent_id)).toEqual(["mail", "web"]);
  expect(second.next_cursor).toBeUndefined();
});

test("a cursor that is none is refused", () => {
  for (const cursor of ["", "nonsense", Buffer.from("x y").toString("base64url")])
    expect(() => findAgents([], { cursor })).toThrow("next_cursor");
});
