import { expect, test } from "bun:test";

import { configTomlError } from "../../src/manifest/errors.ts";
import { labelsField } from "../../src/manifest/labels.ts";
import { parseToml } from "../../src/manifest/toml.ts";

function read(text: string) {
  const table = parseToml(text, "oken.toml", configTomlError("oken.toml"));
  const top = { table, tableName: "", text };
  return labelsField(top, top);
}

test("labels are texts of Kubernetes' form", () => {
  expect(read('[labels]\nteam = "search"\n"oken.dev/tier" = "a_1"\n')).toEqual({
    team: "search",
    "oken.dev/tier": "a_1",
  });
  expect(read("[labels]\n")).toBeUndefined();
  expect(read("")).toBeUndefined();
});

test.each([
  ['labels = "search"', "it is the table [labels]"],
  ['[labels]\n"a b" = "x"', "the name of a label has"],
  ["[labels]\nteam = 5", "oken.toml line 2: team = 5 is not allowed; it is a text in quotes"],
  ['[labels]\nteam = "a,b"', "is not allowed"],
  [`[labels]\n${Array.from({ length: 33 }, (_, n) => `l${n} = "x"`).join("\n")}`, "at most 32"],
])("%p is refused", (text, said) => {
  expect(() => read(text)).toThrow(said);
});
