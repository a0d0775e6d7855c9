import { expect, test } from "bun:test";

import { Listeners } from "../../src/lib/listeners.ts";

function fixture() {
  const listeners = new Listeners<string>();
  const heard: string[] = [];
  const add = (name: string) => listeners.add((value) => void heard.push(`${name} ${value}`));
  return { listeners, heard, add };
}

test("every listener is called with the value", () => {
  const { listeners, heard, add } = fixture();
  for (const name of ["a", "b"]) add(name);
  listeners.call("x");
  expect(heard.toSorted()).toEqual(["a x", "b x"]);
});

test.each([
  [["a"], ["b x", "c x"]],
  [["c"], ["a x", "b x"]],
  [["a", "c"], ["b x"]],
  [
    ["b", "b", "b"],
    ["a x", "c x"],
  ],
  [["c", "b", "a", "c"], []],
])("of a, b and c, those that are left when %j were taken back are called", (taken, expected) => {
  const { listeners, heard, add } = fixture();
  const remove = new Map(["a", "b", "c"].map((name) => [name, add(name)]));
  for (const name of taken) remove.get(name)?.();
  listeners.call("x");
  expect(heard.toSorted()).toEqual(expected);
});

test("a listener that takes back itself and another does not disturb the call", () => {
  const { listeners, heard, add } = fixture();
  const removeFirst = add("a");
  const removeOwn = listeners.add(() => {
    removeOwn();
    removeFirst();
  });
  add("c");
  listeners.call("x");
  listeners.call("y");
  expect(heard).toEqual(["a x", "c x", "c y"]);
});
