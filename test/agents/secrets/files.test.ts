import { describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { createSecretFiles } from "../../../src/agents/secrets/files.ts";
import { keyName } from "../../../src/agents/secrets/seal.ts";

const SECRETS = { KEY: "hunter2-hunter2", EMPTY: "", UNICODE: "ключ 🔑\n" };
const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);

/** The files of one data directory, with whatever keys. */
async function disk() {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const versionDir = (agentId: string, version: number) => join(directory, agentId, String(version));
  for (const version of [1, 2]) await mkdir(versionDir("echo", version), { recursive: true });
  const mountDir = join(directory, "memory");
  return {
    mountDir,
    versionDir,
    withKeys: (...keys: Buffer[]) => createSecretFiles({ versionDir, keys, mountDir }),
    /** All that is on disk of a version. */
    async onDisk(version = 1) {
      const names = await readdir(versionDir("echo", version));
      const texts = names.map((name) => readFile(join(versionDir("echo", version), name), "utf8"));
      return { names, text: (await Promise.all(texts)).join("\n") };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

const isRoot = process.getuid?.() === 0;

describe("without a key", () => {
  test.skipIf(!isRoot)("secrets are their agent's alone to read", async () => {
    await using it = await disk();
    const files = it.withKeys();
    await files.writeSecrets("echo", 1, { secrets: SECRETS, reader: 200_001 });
    const { mode, uid, gid } = await stat(files.secretsPath("echo", 1));
    expect([mode & 0o777, uid, gid]).toEqual([0o400, 200_001, 200_001]);
    expect(await files.readSecrets("echo", 1)).toEqual(SECRETS);
  });

  test("the directory alone keeps them where the host does not know the agent's user", async () => {
    await using it = await disk();
    const files = it.withKeys();
    await files.writeSecrets("echo", 1, { secrets: SECRETS, reader: undefined });
    expect((await stat(files.secretsPath("echo", 1))).mode & 0o777).toBe(0o444);
  });
});

describe("with a key", () => {
  test("no value and no name is on disk, and what is there opens again", async () => {
    await using it = await disk();
    const files = it.withKeys(NEW);
    await files.writeSecrets("echo", 1, { secrets: SECRETS, reader: undefined });
    const { names, text } = await it.onDisk();
    expect(names).toEqual(["secrets.sealed"]);
    expect(text).not.toMatch(/hunter2|UNICODE/);
    expect(await files.readSecrets("echo", 1)).toEqual(SECRETS);
  });

  test("they are there to be mounted while an agent starts, and gone after that, however it ends", async () => {
    await using it = await disk();
    const files = it.withKeys(NEW);
    await files.writeSecrets("echo", 1, { secrets: SECRETS, reader: isRoot ? 200_001 : undefined });
    const path = files.secretsPath("echo", 1);
    expect(dirname(path)).toBe(it.mountDir);
    const seen = await files.during("echo", 1, async () => ({
      secrets: JSON.parse(await readFile(path, "utf8")),
      mode: (await stat(path)).mode & 0o777,
      directory: (await stat(it.mountDir)).mode & 0o777,
    }));
    expect(seen).toEqual({ secrets: SECRETS, mode: isRoot ? 0o400 : 0o444, directory: 0o700 });
    expect(await readdir(it.mountDir)).toEqual([]);
    await expect(files.during("echo", 1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await readdir(it.mountDir)).toEqual([]);
  });

  test("those of another version, another key or a changed file do not open", async () => {
    await using it = await disk();
    const files = it.withKeys(NEW);
    await files.writeSecrets("echo", 1, { secrets: SECRETS, reader: undefined });
    const sealed = join(it.versionDir("echo", 1), "secrets.sealed");
    const text = await readFile(sealed, "utf8");
    await writeFile(join(it.versionDir("echo", 2), "secrets.sealed"), text);
    await expect(files.readSecrets("echo", 2)).rejects.toThrow();
    await expect(it.withKeys(OLD).readSecrets("echo", 1)).rejects.toThrow(keyName(NEW));
    const { data, ...rest } = JSON.parse(text);
    const changed = Buffer.from(data, "base64");
    changed[0] = (changed[0] ?? 0) ^ 1;
    await writeFile(sealed, JSON.stringify({ ...rest, data: changed.toString("base64") }));
    await expect(files.readSecrets("echo", 1)).rejects.toThrow();
  });

  test("equal secrets are not seen to be equal", async () => {
    await using it = await disk();
    const files = it.withKeys(NEW);
    for (const version of [1, 2])
      await files.writeSecrets("echo", version, { secrets: SECRETS, reader: undefined });
    const [one, two] = [await it.onDisk(1), await it.onDisk(2)].map(({ text }) => JSON.parse(text));
    expect([one.data, one.nonce]).not.toEqual([two.data, two.nonce]);
  });
});

describe("a start", () => {
  test("encrypts what was plain", async () => {
    await using it = await disk();
    await it.withKeys().writeSecrets("echo", 1, { secrets: SECRETS, reader: undefined });
    expect(await it.withKeys(NEW).renew("echo", 1)).toBeUndefined();
    expect((await it.onDisk()).names).toEqual(["secrets.sealed"]);
    expect(await it.withKeys(NEW).readSecrets("echo", 1)).toEqual(SECRETS);
  });

  test("with a new key above the old one encrypts all anew, after which the old one is not needed", async () => {
    await using it = await disk();
    await it.withKeys(OLD).writeSecrets("echo", 1, { secrets: SECRETS, reader: 200_001 });
    expect(await it.withKeys(NEW, OLD).renew("echo", 1)).toBeUndefined();
    expect(await it.withKeys(NEW).renew("echo", 1)).toBeUndefined();
    expect(await it.withKeys(NEW).readSecrets("echo", 1)).toEqual(SECRETS);
    expect(JSON.parse((await it.onDisk()).text).reader).toBe(200_001);
  });

  test.each([
    ["another key", [NEW]],
    ["no key", []],
  ])("with %s says which one is missing", async (_, keys) => {
    await using it = await disk();
    await it.withKeys(OLD).writeSecrets("echo", 1, { secrets: SECRETS, reader: undefined });
    expect(await it.withKeys(...keys).renew("echo", 1)).toEqual({ missingKey: keyName(OLD) });
  });

  test("finds nothing to do for a version without secrets", async () => {
    await using it = await disk();
    expect(await it.withKeys(NEW).renew("echo", 2)).toBeUndefined();
    expect((await it.onDisk(2)).names).toEqual([]);
  });
});

describe("files that are damaged", () => {
  const SEALED = "secrets.sealed";
  const PLAIN = "secrets.json";
  const DAMAGE: [string, (text: string) => string][] = [
    ["empty", () => ""],
    ["cut off", (text) => text.slice(0, text.length / 2)],
    ["not what was written", () => '{"KEY": 7, "hunter2-hunter2": true}'],
  ];

  test.each([PLAIN, SEALED].flatMap((file) => DAMAGE.map(([what, damage]) => [file, what, damage] as const)))(
    "%s that is %s is told in a sentence that has nothing of it",
    async (file, _, damage) => {
      await using it = await disk();
      const files = file === SEALED ? it.withKeys(NEW) : it.withKeys();
      await files.writeSecrets("echo", 1, { secrets: SECRETS, reader: undefined });
      const path = join(it.versionDir("echo", 1), file);
      const text = await readFile(path, "utf8");
      await rm(path);
      await writeFile(path, damage(text));
      const error = await files.readSecrets("echo", 1).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ code: "CONFIG_ERROR", details: { reason: "secrets_damaged" } });
      expect(error).not.toHaveProperty("cause");
      expect(String(error)).toContain("The secrets of agent echo, version 1 cannot be read: ");
      expect(String(error)).not.toContain("hunter2");
      await expect(files.requireThere("echo", 1)).rejects.toThrow("cannot be read");
      await expect(it.withKeys(NEW).renew("echo", 1)).rejects.toThrow("cannot be read");
      expect(await readFile(path, "utf8")).toBe(damage(text));
    },
  );

  test("do not matter to whoever deploys the agent anew", async () => {
    await using it = await disk();
    const files = it.withKeys(NEW);
    await writeFile(join(it.versionDir("echo", 1), SEALED), "{");
    await files.writeSecrets("echo", 1, { secrets: SECRETS, reader: undefined });
    expect(await files.readSecrets("echo", 1)).toEqual(SECRETS);
  });
});
