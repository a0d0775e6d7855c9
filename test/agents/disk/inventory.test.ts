import { expect, test } from "bun:test";

import type { AgentUse } from "../../../src/agents/disk/agent-use.ts";
import { agentUse } from "../../../src/agents/disk/agent-use.ts";
import { type Found, inventoryOf } from "../../../src/agents/disk/inventory.ts";
import { agentParts } from "../../helpers/agent-parts.ts";

const DAY_MS = 86_400_000;

const NOTHING: Found = {
  agents: [],
  engine: { images: [], containers: [], volumes: [], cache: [] },
  logs: new Map(),
  files: { versions: [], kept: [], staging: [], deployments: [] },
  now: 10 * DAY_MS,
};

const image = (reference: string | undefined, rest = {}) => ({
  id: `id of ${reference}`,
  references: reference === undefined ? [] : [reference],
  bytes: 100,
  sharedBytes: 0,
  containers: 0,
  ...rest,
});

const container = (name: string, running: boolean) => ({ id: `id of ${name}`, name, running, bytes: 5 });

const AGENT: AgentUse = {
  id: "echo",
  current: 2,
  container: "oken-c",
  isAsleep: true,
  lastUsed: 7,
  versions: [
    { number: 1, image: "echo:v1", use: "old", lastUsed: 1 },
    { number: 2, image: "echo:v2", use: "idle", lastUsed: 7 },
  ],
};

const tiers = (found: Partial<Found>) =>
  inventoryOf({ ...NOTHING, ...found }).map(({ name, isInUse, candidate }) => [
    name,
    isInUse ? "in use" : (candidate?.tier ?? "stays"),
  ]);

test("images of old versions and of agents that sleep may go, those of others stay", () => {
  const images = [image("echo:v1"), image("echo:v2"), image("other:v1")];
  expect(tiers({ agents: [AGENT], engine: { ...NOTHING.engine, images } })).toEqual([
    ["echo:v1", "old_images"],
    ["echo:v2", "idle_images"],
    ["other:v1", "in use"],
  ]);
});

test("an image without a name is left, unless a container has it", () => {
  const images = [image(undefined), image(undefined, { containers: 1 })];
  expect(tiers({ engine: { ...NOTHING.engine, images } })).toEqual([
    ["id of undefined", "leavings"],
    ["id of undefined", "in use"],
  ]);
});

test("what images share is counted once", () => {
  const images = [image("a", { sharedBytes: 40 }), image("b", { sharedBytes: 50 })];
  const entries = inventoryOf({ ...NOTHING, engine: { ...NOTHING.engine, images } });
  expect(entries.map(({ bytes }) => bytes)).toEqual([100, 100, 50]);
});

test("a stopped container of an agent that sleeps gives its log too; one that runs stays, with its image", () => {
  const logs = new Map([["id of oken-c", 30]]);
  const engine = { ...NOTHING.engine, containers: [container("oken-c", false)] };
  const [found, log] = inventoryOf({ ...NOTHING, agents: [AGENT], engine, logs });
  expect(found).toMatchObject({ part: "containers", bytes: 5, candidate: { tier: "containers", frees: 35 } });
  expect(log).toMatchObject({ part: "logs", bytes: 30, isInUse: false });
  const running = { ...NOTHING.engine, containers: [container("oken-c", true)], images: [image("echo:v2")] };
  expect(tiers({ agents: [AGENT], engine: running })).toEqual([
    ["echo:v2", "in use"],
    ["oken-c", "in use"],
    ["oken-c", "in use"],
  ]);
});

test("of the data directory only what an upload left a day ago may go", () => {
  const files = {
    versions: [
      { agentId: "echo", version: 1, bytes: 1 },
      { agentId: "echo", version: 2, bytes: 1 },
    ],
    kept: [{ agentId: "echo", bytes: 1 }],
    staging: [
      { path: "/s/old", bytes: 1, changedAt: 8 * DAY_MS },
      { path: "/s/new", bytes: 1, changedAt: 9.5 * DAY_MS },
    ],
    deployments: [{ agentId: "echo", bytes: 1 }],
  };
  expect(tiers({ agents: [AGENT], files })).toEqual([
    ["version 1", "stays"],
    ["version 2", "in use"],
    ["packages of builds", "in use"],
    ["records", "stays"],
    ["/s/old", "leavings"],
    ["/s/new", "in use"],
  ]);
});

test("the version before the current one is kept for a day, and one with requests inside for longer", () => {
  const { agent, parts } = agentParts({ state: "running" });
  const since = Date.parse(agent.currentVersion.created_at);
  const uses = (now: number) => agentUse(agent, { names: parts.names, now }).versions.map(({ use }) => use);
  expect(uses(since + DAY_MS - 1)).toEqual(["old", "held", "held"]);
  expect(uses(since + DAY_MS)).toEqual(["old", "old", "held"]);
  void agent.retirements.add(1, { work: () => Promise.withResolvers<void>().promise });
  expect(uses(since + DAY_MS)).toEqual(["held", "old", "held"]);
});

test("data of agents is counted, and never goes", () => {
  const volumes = [{ agentId: "gone", path: "/data", bytes: 7 }];
  const [entry] = inventoryOf({ ...NOTHING, engine: { ...NOTHING.engine, volumes } });
  expect(entry).toEqual({
    ...{ part: "volumes", place: "engine", name: "volume /data", agentId: "gone", bytes: 7 },
    isInUse: true,
  });
});
