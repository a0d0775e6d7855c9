import { expect, test } from "bun:test";

import { withOwnNames } from "../../../src/docker/swarm/node-names.ts";

const namesOf = (...nodes: [id: string, name: string, state: string][]) =>
  withOwnNames(nodes.map(([id, name, state]) => ({ id, name, state }))).map(({ name }) => name);

test("nodes are called as their hosts are", () => {
  expect(namesOf(["aaaaaaa", "n1", "ready"], ["bbbbbbb", "n2", "down"])).toEqual(["n1", "n2"]);
});

test("a host that was installed anew keeps its name, and what it was before does not", () => {
  expect(namesOf(["aaaaaaa", "n1", "down"], ["bbbbbbb", "n1", "ready"], ["ccccccc", "n2", "ready"])).toEqual([
    "n1-aaaaa",
    "n1",
    "n2",
  ]);
});

test("of two hosts that are called the same neither has the name alone", () => {
  expect(
    namesOf(["aaaaaaa", "n1", "ready"], ["bbbbbbb", "n1", "unknown"], ["ccccccc", "n1", "down"]),
  ).toEqual(["n1-aaaaa", "n1-bbbbb", "n1-ccccc"]);
});
