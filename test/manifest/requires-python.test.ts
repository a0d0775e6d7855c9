import { expect, test } from "bun:test";

import { allowsMinor } from "../../src/manifest/requires-python.ts";

const MINORS = [9, 10, 11, 12, 13, 14];

test.each([
  ["", MINORS],
  [">=3.9", MINORS],
  [">=3.10, <3.12,", [10, 11]],
  ["~=3.12", [12, 13, 14]],
  ["~=3.10.2", [10]],
  ["==3.11.*", [11]],
  ["==3.11", [11]],
  ["===3.12.4", [12]],
  ["!=3.13.*,>3.11", [11, 12, 14]],
  [">=3.13.0rc1", [13, 14]],
  ["<4.0.dev0", MINORS],
  [">=4", []],
])("requires-python %p allows %p", (specifiers, allowed) => {
  expect(MINORS.filter((minor) => allowsMinor(specifiers, minor))).toEqual(allowed);
});

test.each(["^3.9", "3.9", "~=3", ">=3.9 || <3.8", ">=3.*", `>=3.9${",!=3.9.1".repeat(100)}`])(
  "requires-python %p cannot be read",
  (specifiers) => {
    expect(allowsMinor(specifiers, 12)).toBeUndefined();
  },
);
