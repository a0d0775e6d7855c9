import { expect, test } from "bun:test";

import { type Agent, createAgent } from "../../src/agents/agent.ts";
import { removeSleeping, retire } from "../../src/agents/retire.ts";
import { createLog } from "../../src/lib/log.ts";
import { instanceOf, versionRecord } from "../helpers/records.ts";

function fixture() {
  const stopped: string[] = [];
  const removed: string[] = [];
  const begun = Promise.withResolvers<void>();
  const stopping = Promise.withResolvers<void>();
  const agent: Agent = createAgent({
    record: {
      schema: 1,
      agent_id: "echo",
      created_at: "2026-01-01T00:00:00.000Z",
      desired: "running",
      current_version: 2,
      versions: [1, 2],
    },
    versions: [versionRecord(1), versionRecord(2)],
    state: "running",
  });
  const context = {
    engine: {
      stopContainer: (name: string) => {
        stopped.push(name);
        begun.resolve();
        return stopping.promise;
      },
      removeContainer: (name: string) => Promise.resolve(void removed.push(name)),
    },
    log: createLog({ level: "silent", format: "json" }),
  };
  const instance = { ...instanceOf(versionRecord(1)), inFlight: 1 };
  instance.container.name = "oken-echo-v1";
  return { agent, context, instance, stopped, removed, begun: begun.promise, finishStop: stopping.resolve };
}

test("an instance with a request inside can be recalled, and is then left alone", async () => {
  const { agent, context, instance, stopped } = fixture();
  const retiring = retire(context, agent, instance);
  expect(agent.retiring.get(1)?.recall()).toBe(instance);
  await retiring;
  expect(stopped).toEqual([]);
  expect(agent.retiring.size).toBe(0);
  expect(instance.onEmpty).toBeUndefined();
});

test("an instance that is being stopped cannot be recalled, and whoever needs its name waits until it is gone", async () => {
  const { agent, context, instance, stopped, removed, begun, finishStop } = fixture();
  const retiring = retire(context, agent, instance);
  instance.inFlight = 0;
  instance.onEmpty?.();
  await begun;
  const waiting = agent.retiring.get(1);
  expect(waiting?.recall()).toBeUndefined();
  finishStop();
  await waiting?.done;
  await retiring;
  expect({ stopped, removed }).toEqual({ stopped: ["oken-echo-v1"], removed: ["oken-echo-v1"] });
  expect(agent.retiring.size).toBe(0);
});

test("a version that sleeps is removed once it has been put to sleep", async () => {
  const { agent, context, stopped, removed, finishStop } = fixture();
  const settling = Promise.withResolvers<void>();
  agent.settling = settling.promise;
  const removing = removeSleeping(context, agent, { version: 1, container: "oken-echo-v1" });
  expect(agent.retiring.get(1)?.recall()).toBeUndefined();
  expect(stopped).toEqual([]);
  settling.resolve();
  finishStop();
  await removing;
  expect(removed).toEqual(["oken-echo-v1"]);
});
