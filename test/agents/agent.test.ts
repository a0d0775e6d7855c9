import { describe, expect, test } from "bun:test";

import { createFakeClock } from "../helpers/fake-clock.ts";
import { createFeed } from "../../src/agents/feed.ts";
import { ASLEEP, type Activity } from "../../src/agents/activity.ts";
import { Agent } from "../../src/agents/agent.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { AGENT_STATES, type AgentState } from "../../src/model/agent.ts";
import { agentRecord, instanceOf, versionRecord } from "../helpers/records.ts";

const ERROR = { at: "2026-01-01T00:00:00.000Z", code: "AGENT_START_FAILED", message: "no", log: "" };

const ACTIVITIES: Record<AgentState, Activity> = {
  idle: ASLEEP,
  starting: { state: "starting", start: { done: Promise.resolve(), end: () => undefined } },
  running: { state: "running", instance: instanceOf() },
  paused: { state: "paused", instance: instanceOf(), pausing: Promise.resolve() },
  stopped: { state: "stopped" },
  error: { state: "error" },
};

function fixture(state: AgentState) {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: "info", format: "json", destination });
  const metrics = createMetrics();
  const clock = createFakeClock();
  const feed = createFeed(clock);
  const record = agentRecord([1, 2], 2);
  const versions = [1, 2].map(versionRecord);
  return {
    agent: new Agent({ record, versions, activity: ACTIVITIES[state], clock, log, metrics, feed }),
    feed,
    lines,
    metrics,
  };
}

describe("a move", () => {
  test("changes the state, says so in one log line, and is counted", async () => {
    const { agent, lines, metrics } = fixture("running");
    agent.move(ASLEEP, { reason: "unused for 300 s" });
    expect({ state: agent.state, instance: agent.instance }).toEqual({ state: "idle", instance: undefined });
    expect(await metrics.text()).toContain('oken_agent_state_changes_total{from="running",to="idle"} 1\n');
    expect(lines).toEqual([
      expect.objectContaining({ agent_id: "echo", from: "running", to: "idle", reason: "unused for 300 s" }),
    ]);
  });

  test("that is not legal throws and changes nothing", () => {
    const { agent, lines } = fixture("stopped");
    expect(() => agent.move(ASLEEP, { reason: "by mistake", error: ERROR })).toThrow(
      "agent echo cannot go from stopped to idle: by mistake",
    );
    expect({ state: agent.state, lastError: agent.lastError, lines }).toEqual({
      state: "stopped",
      lastError: undefined,
      lines: [],
    });
  });

  test("to a state that something has led to is legal, any other is not", () => {
    const legal = AGENT_STATES.flatMap((from) =>
      AGENT_STATES.filter((to) => {
        try {
          fixture(from).agent.move(ACTIVITIES[to], { reason: "a test" });
          return true;
        } catch {
          return false;
        }
      }).map((to) => `${from} → ${to}`),
    );
    expect(legal).toEqual([
      "starting → running",
      "starting → idle",
      "starting → stopped",
      "starting → error",
      "running → starting",
      "running → running",
      "running → paused",
      "running → idle",
      "running → stopped",
      "running → error",
      "paused → starting",
      "paused → running",
      "paused → idle",
      "paused → stopped",
      "paused → error",
      "idle → starting",
      "idle → running",
      "idle → paused",
      "idle → stopped",
      "stopped → starting",
      "stopped → running",
      "error → starting",
      "error → running",
      "error → stopped",
    ]);
  });

  test("to running gives those who wait their slots, and forgets the last error", () => {
    const { agent } = fixture("starting");
    const granted: unknown[] = [];
    const waiter = {
      since: 0,
      grant: (instance: unknown) => void granted.push(instance),
      refuse: () => undefined,
      passedOver: () => undefined,
    };
    agent.queue.add(waiter);
    agent.move(ACTIVITIES.error, { reason: "its start failed", error: ERROR });
    expect(agent.lastError).toBe(ERROR);
    agent.move(ACTIVITIES.starting, { reason: "by request" });
    expect(agent.lastError).toBe(ERROR);
    agent.move(ACTIVITIES.running, { reason: "ready" });
    expect(granted).toEqual([agent.instance]);
    expect(agent.lastError).toBeUndefined();
  });
});

test("the current version is the one that its record names, also after it was built again", () => {
  const { agent } = fixture("idle");
  expect(agent.currentVersion.version).toBe(2);
  const rebuilt = { ...versionRecord(2), image_id: "sha256:new" };
  agent.rebuilt(rebuilt);
  expect(agent.currentVersion).toBe(rebuilt);
  agent.recorded(agentRecord([1, 2], 1));
  expect(agent.currentVersion.version).toBe(1);
  agent.recorded(agentRecord([3], 3));
  expect(() => agent.currentVersion).toThrow("agent echo has no version 3");
});

test("the mean time of an invoke follows the newest ones", () => {
  const { agent } = fixture("idle");
  agent.took(100);
  expect(agent.meanInvokeMs).toBe(100);
  agent.took(200);
  expect(agent.meanInvokeMs).toBe(110);
});
