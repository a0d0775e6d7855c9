import { expect, test } from "bun:test";

import { taskError } from "../../../src/docker/errors.ts";
import { explained, placementIn } from "../../../src/docker/swarm/without-node.ts";
import { createFakeNodes } from "../../helpers/fake-nodes.ts";

const nodes = createFakeNodes(["n1", "n2", "n3", "n4", "n5"], () => []);
nodes.setState("n1", "down");
nodes.set("n2", "pause", false);
nodes.set("n3", "drain", false);

const explain = (said: string, placement = {}) =>
  explained(taskError(said), nodes.list(), { avoided: ["id-of-n4"], placement });

test("where no node may have an agent it is said of each why", () => {
  expect(explain("no suitable node (scheduling constraints not satisfied on 5 nodes)")).toMatchObject({
    code: "CONTAINER_ERROR",
    message:
      "The swarm has no node for this agent: n1 is down, n2 takes nothing new, n3 is drained, n4 takes no agents: oken-runner node ls says why, n5 has no room.",
  });
  expect(explain("no suitable node (unsupported platform on 1 node)", { disk: "ssd" })).toMatchObject({
    message: expect.stringContaining("n4 lacks the label disk=ssd of [placement], n5 lacks the label"),
  });
});

test("a want of room, and any other failure, is as it was", () => {
  for (const said of ["no suitable node (insufficient resources on 2 nodes)", "starting container failed"])
    expect(explain(said)).toEqual(taskError(said));
});

test("the labels that a service asks for are read from its constraints", () => {
  expect(placementIn(["node.id!=abc", "node.labels.disk==ssd", "node.labels.zone == eu west"])).toEqual({
    disk: "ssd",
    zone: "eu west",
  });
});
