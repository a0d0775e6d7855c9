import { expect, test } from "bun:test";

import { avoidArgs, avoidUpdateArgs, onlyArgs } from "../../../src/docker/swarm/chosen-nodes.ts";

test("a new service avoids nodes by their ids", () => {
  expect(avoidArgs(["a", "b"])).toEqual(["--constraint", "node.id!=a", "--constraint", "node.id!=b"]);
  expect(avoidArgs([])).toEqual([]);
});

test("a new service runs on one node alone, or on any", () => {
  expect(onlyArgs("a")).toEqual(["--constraint", "node.id==a"]);
  expect(onlyArgs(undefined)).toEqual([]);
});

test("a service that wakes may run on other nodes than the one that it was made for", () => {
  expect(avoidUpdateArgs(["node.id==a", "node.id!=b"], ["b"])).toEqual(["--constraint-rm", "node.id==a"]);
});

test("an update takes back what it no longer avoids, and leaves the constraints of others", () => {
  const constraints = ["node.id!=a", "node.id != b", "node.labels.gpu==yes"];
  expect(avoidUpdateArgs(constraints, ["a", "c"])).toEqual([
    ...["--constraint-rm", "node.id != b"],
    ...["--constraint-add", "node.id!=c"],
  ]);
  expect(avoidUpdateArgs(["node.id!=a"], ["a"])).toEqual([]);
});
