import { describe, expect, test } from "bun:test";

import { createAgentDomain } from "../../../src/server/callers/agent-domain.ts";
import { labelOf } from "../../../src/server/callers/agent-label.ts";

const LONGEST = "a".repeat(63);

describe("an id that is a part of a host's name is the agent's own:", () => {
  test.each(["echo", "a", "7", "my-agent", "a--b", "x1", LONGEST])("%s", (id) => {
    expect(labelOf(id)).toBe(id);
  });
});

describe("any other gets a name of its own:", () => {
  const ids = {
    capitals: "Echo",
    underscore: "my_agent",
    "a dash first": "-echo",
    "a dash last": "echo-",
    dashes: "---",
    "64 characters": "a".repeat(64),
    "128 characters": "A".repeat(128),
    "what looks encoded": "xn--bcher-kva",
    "dashes as third and fourth": "ab--cd",
    "what looks like such a name": labelOf("Echo"),
  };
  test.each(Object.entries(ids))("%s", (_, id) => {
    const label = labelOf(id);
    expect(label).not.toBe(id);
    expect(label).toMatch(/^(?!..--)[a-z0-9-]{0,42}x[0-9a-v]{20}$/);
    expect(label).not.toMatch(/^-/);
    // A browser leaves it as it is.
    expect(new URL(`http://${label}.agents.example`).hostname).toBe(`${label}.agents.example`);
  });

  test("no two have the same", () => {
    const all = [...Object.values(ids), "echo", "eCho", "my-agent", "echo--", "--", "_"];
    expect(new Set(all.map(labelOf)).size).toBe(all.length);
  });
});

test("people see which agent it is", () => {
  expect(labelOf("My_Agent")).toMatch(/^my-agent-x[0-9a-v]{20}$/);
});

describe("the domain", () => {
  const ids = ["echo", "My_Agent", "-", labelOf("My_Agent")];
  const domain = createAgentDomain("agents.example", () => ids.map((id) => ({ id })));

  test.each(ids)("finds %s at its host, again and again", (id) => {
    const host = domain.hostOf(id);
    expect(domain.covers(host)).toBe(true);
    expect([domain.agentAt(host), domain.agentAt(host)]).toEqual([id, id]);
  });

  test.each(["a.b.agents.example", "my_agent.agents.example", ".agents.example", "-x.agents.example"])(
    "has no agent at %s",
    (name) => {
      expect(domain.covers(name)).toBe(true);
      expect(domain.agentAt(name)).toBeUndefined();
    },
  );

  test("has no agent at a name that was made for none", () => {
    expect(domain.agentAt(domain.hostOf("Nobody"))).toBeUndefined();
  });

  test.each(["agents.example", "evilagents.example", "echo.agents.example.evil.example", "localhost", ""])(
    "does not cover %j",
    (name) => {
      expect(domain.covers(name)).toBe(false);
    },
  );
});
