import { expect, test } from "bun:test";

import { readNodes } from "../../../src/docker/swarm/node-addresses.ts";

test("a node has the address that the managers see; one that is a manager itself may know it alone", () => {
  const output = [
    "id1\tone\t0.0.0.0\tready\t10.0.0.1:2377",
    "id2\ttwo\t10.0.0.2\tdown\t",
    "id3\tthree\t0.0.0.0\tready\t[fd00::3]:2377",
  ].join("\n");
  expect(readNodes(`${output}\n`)).toEqual([
    { id: "id1", name: "one", address: "10.0.0.1", state: "ready" },
    { id: "id2", name: "two", address: "10.0.0.2", state: "down" },
    { id: "id3", name: "three", address: "fd00::3", state: "ready" },
  ]);
});
