import { expect, test } from "bun:test";

import { moveTo } from "../../src/agents/state.ts";
import { createLog } from "../../src/log.ts";
import type { AgentState } from "../../src/model/agent.ts";

function fixture(state: AgentState) {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: "info", format: "json", destination });
  return { agent: { id: "echo", state }, lines, log };
}

test("a move changes the state and says so in one log line", () => {
  const { agent, lines, log } = fixture("running");
  moveTo(agent, "idle", { log, reason: "unused for 300 s" });
  expect(agent.state).toBe("idle");
  expect(lines).toEqual([
    expect.objectContaining({ agent_id: "echo", from: "running", to: "idle", reason: "unused for 300 s" }),
  ]);
});

test("an illegal move throws and changes nothing", () => {
  const { agent, log } = fixture("stopped");
  expect(() => moveTo(agent, "paused", { log, reason: "by mistake" })).toThrow(
    "agent echo cannot go from stopped to paused: by mistake",
  );
  expect(agent.state).toBe("stopped");
});
