import { expect, test } from "bun:test";

import { watchCallable } from "../../../src/agents/ownership/callable.ts";
import type { ListedContainer } from "../../../src/docker/types.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

const MINUTE = 60_000;

const on = (node: string, address: string, ...published: number[]): ListedContainer[] =>
  published.map((port) => {
    const id = `${node}-${port}`;
    const ports = { 8080: port };
    return { id, name: id, address, ports, node, running: true, paused: false, identity: undefined, cpus: 1 };
  });

/** A runner that stands by, on a host that reaches these ports. */
function standby(containers: ListedContainer[], ...reached: number[]) {
  const clock = createFakeClock();
  const ending = new AbortController();
  const world = { reached: new Set(reached), isAway: false };
  const told: (string | undefined)[] = [];
  const watching = watchCallable(
    {
      engine: {
        async listContainers() {
          if (world.isAway) throw new Error("no leader");
          return containers;
        },
      },
      clock,
      log: createLog({ level: "silent", format: "json" }),
      connects: async ({ port }) => world.reached.has(port),
    },
    { onFound: (flaw) => void told.push(flaw), signal: ending.signal },
  );
  return {
    ...{ world, told, clock },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await watching;
    },
  };
}

const FLAW =
  "Were this runner active, it could not call the agents on n2, whose firewalls do not know this host as a manager. As root there: oken-runner doctor --node --mend";

test("a standby says on which nodes it could not call agents, and when it could again", async () => {
  const agents = [...on("n1", "10.0.0.1", 1), ...on("n2", "10.0.0.2", 2)];
  await using runner = standby(agents, 1);
  const { clock, told, world } = runner;
  await clock.advance(MINUTE);
  expect(told).toEqual([FLAW]);
  await clock.advance(5 * MINUTE);
  expect(told).toEqual([FLAW]);
  world.reached.add(2);
  await clock.advance(MINUTE);
  expect(told).toEqual([FLAW, undefined]);
});

test("an agent that has just ended, and managers that do not answer, are no reason for doubt", async () => {
  await using runner = standby([...on("n1", "10.0.0.1", 1, 2), ...on("n2", "10.0.0.2", 3)], 2);
  const { clock, told, world } = runner;
  await clock.advance(0);
  world.isAway = true;
  await clock.advance(2 * MINUTE);
  world.isAway = false;
  world.reached.add(3);
  await clock.advance(2 * MINUTE);
  expect(told).toEqual([]);
});
