import { expect, test } from "bun:test";

import { createOwnNames } from "../../src/docker/own-names.ts";

/** An engine that renames, until `refuse` says why it does not. */
function fixture() {
  const renamed: string[][] = [];
  let refusal: Error | undefined;
  const names = createOwnNames({
    run: async (args) => {
      if (refusal !== undefined) throw refusal;
      renamed.push(args);
      return "";
    },
  });
  return { names, renamed, refuse: (why?: Error) => void (refusal = why) };
}

const OWN = ["PORT=8080", "OKEN_INSTANCE=oken-abc"];

test("a container that somebody renames has its name again, and that is no rename by somebody", async () => {
  const { names, renamed } = fixture();
  await names.renamed({ id: "1", oldName: "oken-abc", name: "mine" });
  expect(renamed).toEqual([["rename", "--", "1", "oken-abc"]]);
  await names.renamed({ id: "1", oldName: "mine", name: "oken-abc" });
  expect(renamed).toHaveLength(1);
  await names.renamed({ id: "1", oldName: "oken-abc", name: "mine again" });
  expect(renamed).toHaveLength(2);
});

test("one that was renamed while nobody looked is known by what it was made with", async () => {
  const { names, renamed } = fixture();
  expect(await names.listed({ id: "1", name: "oken-abc" }, OWN)).toBe("oken-abc");
  expect(await names.listed({ id: "2", name: "not-of-an-agent" }, ["PORT=1"])).toBe("not-of-an-agent");
  expect(renamed).toEqual([]);
  expect(await names.listed({ id: "1", name: "mine" }, OWN)).toBe("oken-abc");
  expect(renamed).toEqual([["rename", "--", "1", "oken-abc"]]);
});

test("a name that is another's by now stays that one's", async () => {
  const { names, refuse, renamed } = fixture();
  refuse(new Error("is already in use by container"));
  await names.renamed({ id: "1", oldName: "oken-abc", name: "mine" });
  expect(await names.listed({ id: "1", name: "mine" }, OWN)).toBe("mine");
  refuse();
  await names.renamed({ id: "1", oldName: "mine", name: "other" });
  expect(renamed).toEqual([["rename", "--", "1", "oken-abc"]]);
});
