import { expect, test } from "bun:test";

import { configTomlError } from "../../src/manifest/errors.ts";
import { placementField } from "../../src/manifest/placement.ts";
import { parseToml } from "../../src/manifest/toml.ts";

function read(text: string, refused?: string) {
  const table = parseToml(text, "oken.toml", configTomlError("oken.toml"));
  const top = { table, tableName: "", text };
  return placementField(top, top, { refused });
}

test("an agent names the labels that its node must have", () => {
  expect(read('[placement]\nlabels = { gpu = "yes", "rack.row" = "a-1" }\n')).toEqual({
    labels: { gpu: "yes", "rack.row": "a-1" },
  });
  expect(read("[placement]\nlabels = {}\n")).toBeUndefined();
  expect(read("")).toBeUndefined();
});

test.each([
  ['placement = "gpu"', "it is the table [placement] with labels"],
  ["[placement]\n", "it is the table [placement] with labels"],
  ['[placement]\nlabel = { gpu = "yes" }', "it is the table [placement] with labels"],
  ["[placement]\nlabels = { gpu = true }", "oken.toml line 2: labels = "],
  ['[placement]\nlabels = { gpu = "a*" }', "is not allowed; a node's label and its value have"],
  [`[placement.labels]\n${Array.from({ length: 9 }, (_, n) => `l${n} = "x"`).join("\n")}`, "at most 8"],
])("%p is refused", (text, said) => {
  expect(() => read(text)).toThrow(said);
});

test("where there is one host the reason is told", () => {
  expect(() => read('[placement]\nlabels = { gpu = "yes" }', "there is one host")).toThrow(
    "there is one host",
  );
});
