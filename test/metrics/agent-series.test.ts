import { expect, test } from "bun:test";

import { createMetrics } from "../../src/metrics/metrics.ts";

/** The counts of invokes by agent and result. */
async function counts({ text }: Pick<ReturnType<typeof createMetrics>, "text">) {
  const lines = (await text())
    .split("\n")
    .filter((line) => line.includes("oken_agent_invoke_duration_seconds_count{"));
  return lines.map((line) => line.slice(line.indexOf("{")));
}

test("only so many agents have series of their own, and the place of one that is removed is free", async () => {
  const metrics = createMetrics({ maxAgents: 2 });
  const { agentInvokes } = metrics;
  for (const agent of ["a", "b", "c", "d"]) agentInvokes.observe(agent, { result: "ok", seconds: 1 });
  agentInvokes.observe("a", { result: "error", seconds: 1 });
  expect(await counts(metrics)).toEqual([
    '{agent="a",result="ok"} 1',
    '{agent="b",result="ok"} 1',
    '{agent="*",result="ok"} 2',
    '{agent="a",result="error"} 1',
  ]);
  agentInvokes.forget("a");
  agentInvokes.observe("d", { result: "ok", seconds: 1 });
  expect(await counts(metrics)).toEqual([
    '{agent="b",result="ok"} 1',
    '{agent="*",result="ok"} 2',
    '{agent="d",result="ok"} 1',
  ]);
});

test("with 0 no series names an agent", async () => {
  const metrics = createMetrics({ maxAgents: 0 });
  metrics.agentInvokes.observe("a", { result: "ok", seconds: 1 });
  expect(await counts(metrics)).toEqual(['{agent="*",result="ok"} 1']);
  expect(metrics.agentInvokes.has("a")).toBe(false);
});
