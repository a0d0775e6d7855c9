import { expect, test } from "bun:test";
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Resolution, openResolutions } from "../../src/build/resolutions.ts";

const LONG_AGO = new Date("2020-01-01T00:00:00Z");

async function fixture() {
  const agent = await mkdtemp(join(tmpdir(), "oken-test-"));
  const directory = join(agent, "kept", "lists");
  return {
    agent,
    directory,
    open: ({ python = "3.12 python", inUse = [] }: { python?: string; inUse?: string[] } = {}) =>
      openResolutions({ directory, python, keysInUse: () => inUse }),
    [Symbol.asyncDispose]: () => rm(agent, { recursive: true, force: true }),
  };
}

const resolutionOf = (text: string): Resolution => ({
  lock: { file: "requirements.lock", text: `${text}\n` },
  wheels: {},
});

test("a resolution is found again by its key", async () => {
  await using kept = await fixture();
  await kept.open().keep("six", resolutionOf("six==1.16.0"));
  expect(await kept.open().find("six")).toEqual(resolutionOf("six==1.16.0"));
  expect(await kept.open().find("other")).toBeUndefined();
});

test("wheels that were built for another Python are left out, the lock is not", async () => {
  await using kept = await fixture();
  const wheel = join(kept.agent, "native-1-py3-none-any.whl");
  await writeFile(wheel, "wheel");
  await kept.open().keep("native", { ...resolutionOf("native==1"), wheels: { native: wheel } });
  const found = await kept.open().find("native");
  expect(await readFile(found?.wheels["native"] ?? "", "utf8")).toBe("wheel");
  const forOther = await kept.open({ python: "3.13 python" }).find("native");
  expect(forOther).toEqual(resolutionOf("native==1"));
});

test("resolutions of versions are kept however many come after them", async () => {
  await using kept = await fixture();
  await kept.open().keep("first", resolutionOf("six==1"));
  await kept.open().keep("spare", resolutionOf("other==1"));
  for (const key of ["first", "spare"]) await utimes(join(kept.directory, key), LONG_AGO, LONG_AGO);
  for (let count = 0; count < 15; count += 1) {
    await kept.open({ inUse: ["first"] }).keep(`package-${count}`, resolutionOf(`package-${count}==1`));
  }
  expect(await kept.open().find("first")).toEqual(resolutionOf("six==1"));
  expect(await kept.open().find("spare")).toBeUndefined();
  expect((await readdir(kept.directory)).length).toBeLessThanOrEqual(12);
});

test("of two builds that keep the same resolution at a time neither fails", async () => {
  await using kept = await fixture();
  const resolutions = kept.open();
  await Promise.all([1, 2, 3, 4].map(() => resolutions.keep("six", resolutionOf("six==1.16.0"))));
  expect(await resolutions.find("six")).toEqual(resolutionOf("six==1.16.0"));
  expect(await readdir(kept.directory)).toEqual(["six"]);
});

test("nothing is kept of an agent that is gone", async () => {
  await using kept = await fixture();
  await rm(kept.agent, { recursive: true });
  const keeping = kept.open().keep("six", resolutionOf("six==1.16.0"));
  await expect(keeping).rejects.toMatchObject({ code: "ENOENT" });
});
