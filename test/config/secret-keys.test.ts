import { expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { adviceOnKeyFile, readSecretKeys } from "../../src/config/secret-keys.ts";

const HEX = "ab".repeat(32);
const BASE64 = Buffer.alloc(32, 7).toString("base64");

async function keysOf(text: string): Promise<Buffer[]> {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  try {
    await writeFile(join(directory, "key"), text);
    return await readSecretKeys(join(directory, "key"));
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("keys are in hex or base64, one a line, with comments", async () => {
  expect(await keysOf(`# new\n${BASE64}\n\n ${HEX} \n`)).toEqual([
    Buffer.alloc(32, 7),
    Buffer.alloc(32, 0xab),
  ]);
  expect(await readSecretKeys(undefined)).toEqual([]);
});

test.each([
  ["", "holds no key"],
  ["hunter2", "Key 1 in OKEN_SECRETS_KEY_FILE is not one of 32 bytes"],
  [`${HEX}\n${HEX.slice(2)}`, "Key 2 in OKEN_SECRETS_KEY_FILE is not one of 32 bytes"],
])("%p stops the start, and is not repeated", async (text, message) => {
  const error = await keysOf(text).catch((failure: Error) => failure);
  expect(error).toMatchObject({ name: "StartError", message: expect.stringContaining(message) });
  if (text !== "") expect(String(error)).not.toContain(text.split("\n").at(-1) ?? "");
});

test("a file that is missing, or no file, stops the start", async () => {
  for (const path of [join(tmpdir(), Bun.randomUUIDv7()), tmpdir()])
    await expect(readSecretKeys(path)).rejects.toThrow("OKEN_SECRETS_KEY_FILE cannot be read: ");
});

test("of a file that every user may read an operator is told", async () => {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(directory, { recursive: true }));
  const path = join(directory, "key");
  await writeFile(path, HEX);
  for (const [mode, isOpen] of [
    [0o600, false],
    [0o640, false],
    [0o644, true],
  ] as const) {
    await chmod(path, mode);
    expect(await adviceOnKeyFile(path)).toEqual(
      isOpen ? expect.stringContaining(`chmod 600 ${path}`) : undefined,
    );
  }
  expect(await adviceOnKeyFile(undefined)).toBeUndefined();
});
