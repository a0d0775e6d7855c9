import { expect, test } from "bun:test";

import { removalByHand } from "../../src/docker/by-hand.ts";

test("what a runner's agents have is removed by hand where it is: on this host, or in the swarm", () => {
  expect(removalByHand("r1", { isSwarm: false })).toBe(
    "docker rm --force $(docker ps --all --quiet --filter label=oken.runner=r1)",
  );
  expect(removalByHand("r1", { isSwarm: true })).toBe(
    [
      "docker service rm $(docker service ls --quiet --filter label=oken.runner=r1)",
      "docker secret rm $(docker secret ls --quiet --filter label=oken.runner=r1)",
      "docker config rm $(docker config ls --quiet --filter label=oken.runner=r1)",
    ].join("; "),
  );
});
