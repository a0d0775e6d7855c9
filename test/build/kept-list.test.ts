import { expect, test } from "bun:test";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { keptLists } from "../../src/build/kept-list.ts";
import { newPlan } from "../../src/dependencies/plan.ts";

async function fixture() {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const keepDir = join(directory, "kept");
  return {
    directory,
    keepDir,
    /** The lists of an agent that asks for `package`. */
    lists: (name: string, options: { python?: string; code?: string; inUse?: string[] } = {}) =>
      keptLists({
        keepDir,
        plan: newPlan({
          style: "requirements.txt",
          reason: "",
          lock: "requirements.lock",
          files: { "requirements.in": `${name}\n` },
        }),
        python: options.python ?? "3.12 python",
        code: options.code ?? "",
        inUse: () => options.inUse ?? [],
      }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

const listOf = (text: string) => ({
  lock: { file: "requirements.lock" as const, text: `${text}\n` },
  wheels: {},
});

test("a list is found again by its name, also after the dependency files have changed", async () => {
  await using kept = await fixture();
  const before = kept.lists("six");
  await before.keep(listOf("six==1.16.0"));
  expect(await kept.lists("six").find(before.name)).toEqual(listOf("six==1.16.0"));
  const after = kept.lists("six>=1");
  expect(await after.find(after.name)).toBeUndefined();
  expect(await after.find(before.name)).toEqual(listOf("six==1.16.0"));
});

test("wheels that were built for another Python are left out, the list is not", async () => {
  await using kept = await fixture();
  const wheel = join(kept.directory, "native-1-py3-none-any.whl");
  await writeFile(wheel, "wheel");
  const lists = kept.lists("native");
  await lists.keep({ ...listOf("native==1"), wheels: { native: wheel } });
  const found = await lists.find(lists.name);
  expect(await readFile(found?.wheels["native"] ?? "", "utf8")).toBe("wheel");
  expect(await kept.lists("native", { python: "3.13 python" }).find(lists.name)).toEqual(listOf("native==1"));
});

test("what was made of other code of the upload's own has another name", async () => {
  await using kept = await fixture();
  const names = [undefined, "code-a", "code-b"].map(
    (code) => kept.lists("six", code === undefined ? {} : { code }).name,
  );
  expect(new Set(names).size).toBe(3);
});

test("lists that versions were built from are kept however many come after them", async () => {
  await using kept = await fixture();
  const first = kept.lists("six");
  await first.keep(listOf("six==1"));
  const spare = kept.lists("other");
  await spare.keep(listOf("other==1"));
  for (let count = 0; count < 15; count += 1) {
    await kept.lists(`package-${count}`, { inUse: [first.name] }).keep(listOf(`package-${count}==1`));
  }
  expect(await first.find(first.name)).toEqual(listOf("six==1"));
  expect(await spare.find(spare.name)).toBeUndefined();
  expect((await readdir(join(kept.keepDir, "lists"))).length).toBeLessThanOrEqual(12);
});

test("of two that keep the same list at a time, one is kept and neither fails", async () => {
  await using kept = await fixture();
  const lists = kept.lists("six");
  await Promise.all([1, 2, 3, 4].map(() => lists.keep(listOf("six==1.16.0"))));
  expect(await lists.find(lists.name)).toEqual(listOf("six==1.16.0"));
  expect(await readdir(join(kept.keepDir, "lists"))).toEqual([lists.name]);
});

test("nothing is kept of an agent that has gone", async () => {
  await using kept = await fixture();
  await rm(kept.directory, { recursive: true });
  await expect(kept.lists("six").keep(listOf("six==1.16.0"))).rejects.toMatchObject({ code: "ENOENT" });
});
