import { expect, test } from "bun:test";
import { symlink, truncate } from "node:fs/promises";
import { join } from "node:path";

import { projectFiles } from "../../../src/cli/pack/files.ts";
import { tarball } from "../../../src/cli/pack/tarball.ts";
import { multipart } from "../../../src/client/form.ts";
import { temporaryTree } from "../../helpers/tree.ts";

const MiB = 1024 ** 2;

/** What `tar` makes of it: hashes of the files by their paths. */
async function unpacked(archive: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<string> {
  await using target = await temporaryTree();
  const unpack = Bun.spawn(["tar", "-xz", "-C", target.path], { stdin: "pipe" });
  for await (const piece of archive) await unpack.stdin.write(piece);
  await unpack.stdin.end();
  expect(await unpack.exited).toBe(0);
  return await sums(target.path);
}

function sums(directory: string): Promise<string> {
  const list = "find . -type f | sort | xargs -d '\\n' sha256sum; find . -type l -printf '%p %l\\n'";
  return Bun.spawn(["bash", "-c", list], { cwd: directory, stdout: "pipe" }).stdout.text();
}

test("what is packed comes out the same: empty, large, deep, with any name", async () => {
  const large = crypto.getRandomValues(new Uint8Array(65_536));
  await using tree = await temporaryTree({
    "empty.txt": "",
    "large.bin": Buffer.concat(Array.from({ length: 50 }, () => large)),
    [`${"deep/".repeat(40)}file`]: "x",
    "name with ü and 'quotes'": "y",
  });
  await symlink("empty.txt", join(tree.path, "link"));
  const read: number[] = [];
  const files = await projectFiles(tree.path);
  const made = await unpacked(tarball(tree.path, files, (bytes) => read.push(bytes)));
  expect(made).toBe(await sums(tree.path));
  expect(read.reduce((sum, bytes) => sum + bytes, 0)).toBe(50 * 65_536 + 2);
});

test("a file that becomes shorter ends it with its name", async () => {
  await using tree = await temporaryTree({ "main.py": "x".repeat(MiB) });
  const files = await projectFiles(tree.path);
  await truncate(join(tree.path, "main.py"), 10);
  const reading = Array.fromAsync(tarball(tree.path, files));
  await expect(reading).rejects.toThrow("main.py became shorter while it was read");
});

test("a form has its parts exactly", async () => {
  const content = (async function* () {
    yield new Uint8Array([0, 13, 10, 45, 45, 255]);
  })();
  const { headers, body } = multipart([
    { name: "agent_id", text: "echo" },
    { name: "tarball", filename: "echo.tar.gz", content },
  ]);
  const bytes = Buffer.concat(await Array.fromAsync(body));
  const form = await new Response(bytes, { headers }).formData();
  expect(form.get("agent_id")).toBe("echo");
  const file = form.get("tarball");
  expect(file).toBeInstanceOf(File);
  if (file instanceof File) expect([...(await file.bytes())]).toEqual([0, 13, 10, 45, 45, 255]);
});
