import { expect, test } from "bun:test";

import { moveTo } from "../../src/agents/state.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { AgentState } from "../../src/model/agent.ts";

function fixture(state: AgentState) {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: "info", format: "json", destination });
  return { agent: { id: "echo", state }, lines, log, metrics: createMetrics() };
}

test("a move changes the state, says so in one log line, and is counted", async () => {
  const { agent, lines, log, metrics } = fixture("running");
  moveTo(agent, "idle", { log, metrics, reason: "unused for 300 s" });
  expect(agent.state).toBe("idle");
  expect(await metrics.text()).toContain('oken_agent_state_changes_total{from="running",to="idle"} 1\n');
  expect(lines).toEqual([
    expect.objectContaining({ agent_id: "echo", from: "running", to: "idle", reason: "unused for 300 s" }),
  ]);
});

test("an illegal move throws and changes nothing", () => {
  const { agent, log, metrics } = fixture("stopped");
  expect(() => moveTo(agent, "paused", { log, metrics, reason: "by mistake" })).toThrow(
    "agent echo cannot go from stopped to paused: by mistake",
  );
  expect(agent.state).toBe("stopped");
});
