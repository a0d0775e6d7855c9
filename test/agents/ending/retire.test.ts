import { expect, test } from "bun:test";

import { retire, retireStopped } from "../../../src/agents/ending/retire.ts";
import { reachNothing } from "../../../src/lib/fail-points.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { agentIn, instanceOf, versionRecord } from "../../helpers/records.ts";

function fixture() {
  const removed: string[] = [];
  const begun = Promise.withResolvers<void>();
  const removal = Promise.withResolvers<void>();
  const clock = createFakeClock();
  const parts = {
    clock,
    reach: reachNothing,
    instances: {
      remove(_: string, container: string) {
        removed.push(container);
        begun.resolve();
        return removal.promise;
      },
    },
  };
  const instance = instanceOf(versionRecord(1), { name: "oken-echo-v1", inFlight: 1, clock });
  const agent = agentIn("running", { instance: instanceOf(versionRecord(2)) });
  return { agent, parts, clock, instance, removed, begun: begun.promise, finish: removal.resolve };
}

test("an instance with a request inside can be recalled, and is then left alone", async () => {
  const { agent, parts, clock, instance, removed } = fixture();
  const retiring = retire(parts, agent, instance);
  expect(agent.retirements.recall(instance)).toBe(true);
  await retiring;
  expect({ removed, versions: agent.retirements.versions(), timers: clock.pending() }).toEqual({
    removed: [],
    versions: [],
    timers: 0,
  });
});

test("an instance that is being stopped cannot be recalled, and its version is gone when its container is", async () => {
  const { agent, parts, instance, removed, begun, finish } = fixture();
  const retiring = retire(parts, agent, instance);
  instance.leave();
  await begun;
  expect(agent.retirements.recall(instance)).toBe(false);
  let isGone = false;
  const gone = agent.retirements.gone(1).then(() => (isGone = true));
  await parts.clock.advance(0);
  expect(isGone).toBe(false);
  finish();
  await Promise.all([gone, retiring]);
  expect({ removed, versions: agent.retirements.versions() }).toEqual({
    removed: ["oken-echo-v1"],
    versions: [],
  });
});

test("requests that are still inside after the agent's timeout are cut off", async () => {
  const { agent, parts, clock, instance, removed, finish } = fixture();
  const told: string[] = [];
  instance.onCutOff((why) => void told.push(why));
  const retiring = retire(parts, agent, instance);
  await clock.advance(299_999);
  expect({ told, removed }).toEqual({ told: [], removed: [] });
  await clock.advance(1);
  expect({ told, removed }).toEqual({ told: ["replaced"], removed: ["oken-echo-v1"] });
  finish();
  await retiring;
});

test("a stopped container is removed once it has stopped", async () => {
  const { agent, parts, clock, removed, finish } = fixture();
  const stopping = Promise.withResolvers<void>();
  const removing = retireStopped(parts, agent, {
    version: 1,
    container: "oken-echo-v1",
    settled: stopping.promise,
  });
  expect(agent.retirements.instances()).toEqual([]);
  await clock.advance(60_000);
  expect(removed).toEqual([]);
  stopping.resolve();
  finish();
  await removing;
  expect(removed).toEqual(["oken-echo-v1"]);
});
