import { expect, test } from "bun:test";

import { canonicalName, normalSpecifier, parseRequirement } from "../../src/dependencies/names.ts";

test("names that indexes take for one package are one name", () => {
  expect(["Zope.Interface", "zope__interface", "zope-_.interface"].map(canonicalName)).toEqual([
    "zope-interface",
    "zope-interface",
    "zope-interface",
  ]);
});

test.each([
  [">= 1.16 , < 2", "<2,>=1.16"],
  [">=1.16.0-beta.1", ">=1.16.0b1"],
  ["==v3.*", "==3.*"],
  ["!=20.0.post-2", "!=20.0.post2"],
  ["==1.0+Ubuntu-1", "==1.0+ubuntu.1"],
  ["===as-it-is", "===as-it-is"],
  ["", ""],
])("the specifier %p is %p, as uv writes it", (written, normal) => {
  expect(normalSpecifier(written)).toBe(normal);
});

test("a requirement is taken apart", () => {
  expect(parseRequirement("Foo.Bar [B, a_c] (>=1.0); os_name == 'nt'")).toEqual({
    name: "foo-bar",
    extras: ["b", "a-c"],
    specifier: ">=1.0",
    marker: "os_name == 'nt'",
    url: false,
  });
  expect(parseRequirement("six @ https://example.com/six.whl")?.url).toBe(true);
  expect(parseRequirement("--no-binary six")).toBeUndefined();
});
