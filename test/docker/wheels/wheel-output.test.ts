import { expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";

import { receiveFiles } from "../../../src/docker/wheels/wheel-output.ts";
import { MiB } from "../../../src/lib/bytes.ts";
import { temporaryTree, readTree } from "../../helpers/tree.ts";

const WHEEL = "oken_dep-1-py3-none-any.whl";

/** What a build prints: a tar archive of these files in base64. */
async function printed(files: Record<string, string>): Promise<string> {
  return Buffer.from(await new Bun.Archive(files).bytes()).toString("base64");
}

/** The header of a large file in a tar archive. */
async function headOf(name: string, size: number): Promise<Buffer> {
  const head = Buffer.from(await new Bun.Archive({ [name]: "" }).bytes()).subarray(0, 512);
  head.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  head.fill(" ", 148, 156);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return head;
}

async function receive(text: string, { limit = MiB, piece = 1_000 } = {}) {
  const directory = await temporaryTree();
  const receiver = receiveFiles(directory.path, limit);
  for (let at = 0; at < text.length; at += piece) await receiver.add(text.slice(at, at + piece));
  await receiver.end();
  return directory;
}

test("wheels and locks that a build prints are written as they are", async () => {
  const files = { [WHEEL]: "PK".repeat(3_000), "requirements.lock": "six==1\n" };
  await using directory = await receive(await printed(files), { piece: 7 });
  expect(await readTree(directory.path)).toEqual(files);
});

test.each([["../x.whl"], ["setup.py"], ["a/b.whl"], [`${"a-".repeat(5_000)}.whl`]])(
  "a file whose name is not a wheel's is refused: %#",
  async (name) => {
    const text = await printed({ [name]: "x" });
    await expect(receive(text)).rejects.toMatchObject({
      code: "BUILD_FAILED",
      details: { class: "package_build" },
    });
  },
);

test("more than the limit is refused while it comes", async () => {
  const text = await printed({ [WHEEL]: "x".repeat(3_000) });
  await expect(receive(text, { limit: 2_000 })).rejects.toMatchObject({ details: { class: "too_large" } });
});

test("a large wheel is written as it comes, and never held", async () => {
  const size = 300 * MiB;
  await using directory = await temporaryTree();
  const receiver = receiveFiles(directory.path, 2 * size);
  const blocks = 3 * 64 * 1024;
  // Whole groups of three bytes, so that the pieces can be joined.
  const head = Buffer.concat([await headOf(WHEEL, size), Buffer.alloc(1)]);
  await receiver.add(head.toString("base64"));
  const piece = Buffer.alloc(blocks).toString("base64");
  const before = process.memoryUsage.rss();
  let most = 0;
  for (let sent = 0; sent < size; sent += blocks) {
    await receiver.add(piece);
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  await receiver.add(Buffer.alloc(1535).toString("base64"));
  await receiver.end();
  expect((await stat(join(directory.path, WHEEL))).size).toBe(size);
  expect(most).toBeLessThan(150 * MiB);
});
