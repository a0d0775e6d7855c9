import { expect, test } from "bun:test";

import { avoidArgs, avoidUpdateArgs } from "../../../src/docker/swarm/avoided-nodes.ts";

test("a new service avoids nodes by their ids", () => {
  expect(avoidArgs(["a", "b"])).toEqual(["--constraint", "node.id!=a", "--constraint", "node.id!=b"]);
  expect(avoidArgs([])).toEqual([]);
});

test("an update takes back what it no longer avoids, and leaves the constraints of others", () => {
  const constraints = ["node.id!=a", "node.id != b", "node.labels.gpu==yes"];
  expect(avoidUpdateArgs(constraints, ["a", "c"])).toEqual([
    ...["--constraint-rm", "node.id != b"],
    ...["--constraint-add", "node.id!=c"],
  ]);
  expect(avoidUpdateArgs(["node.id!=a"], ["a"])).toEqual([]);
});
