import { expect, test } from "bun:test";

import { parseEvent } from "../../src/docker/events.ts";

const OPTIONS = { runnerId: "r1", network: "oken-agents" };
const OWN = { "oken.managed": "true", "oken.runner": "r1", name: "oken-echo-v1" };

const read = (Type: string, Action: string, Attributes: Record<string, string>) =>
  parseEvent(JSON.stringify({ Type, Action, Actor: { ID: "an id", Attributes }, time: 1 }), OPTIONS);

test("an exit, a signal and a want of memory of a container are read", () => {
  expect(read("container", "die", { ...OWN, exitCode: "137" })).toEqual({
    type: "exit",
    id: "an id",
    exitCode: 137,
  });
  expect(read("container", "kill", { ...OWN, signal: "9" })).toEqual({
    type: "signal",
    id: "an id",
    signal: 9,
  });
  expect(read("container", "oom", OWN)).toEqual({ type: "oom", id: "an id" });
});

test("a container that is renamed is read with both names", () => {
  expect(read("container", "rename", { ...OWN, name: "mine", oldName: "/oken-echo-v1" })).toEqual({
    ...{ type: "renamed", id: "an id", name: "mine", oldName: "oken-echo-v1" },
  });
});

test("a container that leaves the network and a network that is removed are read", () => {
  expect(read("network", "disconnect", { name: "oken-agents", container: "its id" })).toEqual({
    type: "disconnect",
    id: "its id",
  });
  expect(read("network", "destroy", { name: "oken-agents" })).toEqual({ type: "network-removed" });
});

test("what is another's, or tells nothing, is left out", () => {
  expect(read("container", "die", { ...OWN, "oken.runner": "r2" })).toBeUndefined();
  expect(read("container", "destroy", OWN)).toBeUndefined();
  expect(read("network", "disconnect", { name: "bridge", container: "its id" })).toBeUndefined();
  expect(read("network", "destroy", { name: "oken-agents-2" })).toBeUndefined();
  expect(parseEvent("a warning of the CLI", OPTIONS)).toBeUndefined();
});
