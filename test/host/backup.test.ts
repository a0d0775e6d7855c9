import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { pack } from "tar-stream";

import { tryLock } from "../../src/config/file-lock.ts";
import { writeDurably } from "../../src/lib/files.ts";
import { backup } from "../../src/host/backup.ts";
import { restore } from "../../src/host/restore.ts";

let root: string;
let data: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "oken-backup-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  data = await mkdtemp(join(root, "data-"));
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(data, name)), { recursive: true });
    await writeFile(join(data, name), text);
  }
}

const STATE = {
  "runner.json": "{}",
  lock: "",
  "agents/hello/agent.json": '{"current_version":1}',
  "agents/hello/last_invoked": "17",
  "agents/hello/versions/1/tree-ab/main.py": "x = 1",
  "agents/hello/versions/1/secrets.json": '{"KEY":"s"}',
  "agents/unfinished/versions/1/tree-ab/main.py": "x",
  "deployments/hello/1.json": '{"number":1}',
  "deployments/hello/2.json.tmp": "half",
  "deployments/unfinished/1.json": "{}",
  "staging/upload": "half",
};

test("a backup has the agents that were deployed, and a restore gives them back as they were", async () => {
  await write(STATE);
  const user = process.getuid?.() === 0 ? 987_654_321 : (process.getuid?.() ?? 0);
  await chown(join(data, "agents/hello/versions/1/secrets.json"), user, user);
  await chmod(join(data, "agents/hello/versions/1/secrets.json"), 0o440);
  await symlink("main.py", join(data, "agents/hello/versions/1/tree-ab/link"));
  const file = join(root, "one.tar.gz");
  expect(await backup(data, file)).toEqual({ agents: 1, bytes: (await stat(file)).size });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(data, "staging"))).toEqual(["upload"]);

  const fresh = join(root, "fresh/below");
  expect(await restore(file, fresh)).toEqual({ agents: 1 });
  expect((await readdir(fresh)).sort()).toEqual([
    ...["agents", "deployments", "lock", "runner.json", "staging"],
  ]);
  const deployments = await readdir(join(fresh, "deployments"), { recursive: true });
  expect(deployments.sort()).toEqual(["hello", "hello/1.json"]);
  const version = join(fresh, "agents/hello/versions/1");
  expect(await readFile(join(version, "tree-ab/link"), "utf8")).toBe("x = 1");
  const { mode, uid, gid } = await stat(join(version, "secrets.json"));
  expect({ mode: mode & 0o777, uid, gid }).toEqual({ mode: 0o440, uid: user, gid: user });
  expect(await readdir(join(fresh, "agents"))).toEqual(["hello"]);
});

test("what lies where a backup is written is neither followed nor kept open to others", async () => {
  await write(STATE);
  const [file, elsewhere] = [join(data, "..", "followed.tar.gz"), join(data, "..", "elsewhere")];
  await writeFile(elsewhere, "theirs", { mode: 0o666 });
  await symlink(elsewhere, `${file}.partial`);
  await backup(data, file);
  expect(await readFile(elsewhere, "utf8")).toBe("theirs");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("deploys meanwhile leave each agent whole", async () => {
  await write({ "runner.json": "{}" });
  const directory = join(data, "agents/busy");
  const deploy = async (version: number) => {
    await mkdir(join(directory, "versions", String(version)), { recursive: true });
    await writeFile(join(directory, "versions", String(version), "version.json"), "{}");
    await writeDurably(join(directory, "agent.json"), JSON.stringify({ current_version: version }));
    await rm(join(directory, "versions", String(version - 1)), { recursive: true, force: true });
  };
  await deploy(1);
  const stop = new AbortController();
  const deploying = (async () => {
    for (let version = 2; !stop.signal.aborted; version += 1) {
      await deploy(version);
      await Bun.sleep(3);
    }
  })();
  try {
    for (let round = 0; round < 5; round += 1) {
      const [file, fresh] = [join(root, `busy-${round}.tar.gz`), join(root, `busy-${round}`)];
      await backup(data, file);
      await restore(file, fresh);
      const record = await Bun.file(join(fresh, "agents/busy/agent.json")).json();
      const versions = await readdir(join(fresh, "agents/busy/versions"));
      expect(versions).toContain(String(record.current_version));
    }
  } finally {
    stop.abort();
    await deploying;
  }
});

describe("what cannot be done is refused with a sentence, and leaves nothing", () => {
  test("a directory without a runner, and a file in the way", async () => {
    await expect(backup(data, join(root, "none.tar.gz"))).rejects.toThrow("is no data directory of a runner");
    await write(STATE);
    const file = join(root, "there.tar.gz");
    await writeFile(file, "mine");
    await expect(backup(data, file)).rejects.toThrow(`${file} exists already; name another file.`);
    expect(await readFile(file, "utf8")).toBe("mine");
  });

  test("a directory that has a state, or a runner", async () => {
    await write(STATE);
    const file = join(root, "two.tar.gz");
    await backup(data, file);
    await expect(restore(file, data)).rejects.toThrow("has the state of a runner already");
    const used = join(root, "used");
    await mkdir(used);
    const lock = await tryLock(join(used, "lock"));
    await expect(restore(file, used)).rejects.toThrow(`A runner is using ${used}`);
    await lock?.release();
  });

  test.each([
    ["no gzip", () => Buffer.from("no archive")],
    ["cut off", () => gzipSync("x".repeat(10_000)).subarray(0, 20)],
  ])("an archive that is %s", async (_, bytes) => {
    const file = join(root, `${Bun.randomUUIDv7()}.tar.gz`);
    await writeFile(file, bytes());
    await expect(restore(file, data)).rejects.toThrow(/^.+ cannot be restored: .+\.$/);
    expect(await readdir(join(data, "staging"))).toEqual([]);
  });

  test.each([
    [[{ name: "../evil" }], "it is no backup of a runner"],
    [[{ name: "agents/../../evil" }], "it is no backup of a runner"],
    [[{ name: "/etc/evil" }], "it is no backup of a runner"],
    [[{ name: "agents/hello/agent.json" }], ""],
    [
      [
        { name: "agents", type: "symlink" as const, linkname: "/tmp" },
        { name: "agents/evil", text: "x" },
      ],
      "leads through a link",
    ],
  ])("an archive with %j", async (entries, why) => {
    const file = join(root, `${Bun.randomUUIDv7()}.tar.gz`);
    const archive = pack();
    for (const { text = "", ...header } of entries as { name: string; text?: string }[])
      archive.entry(header, text);
    const chunks: Buffer[] = [];
    archive.on("data", (chunk) => {
      if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    });
    archive.finalize();
    await once(archive, "end");
    await writeFile(file, gzipSync(Buffer.concat(chunks)));
    await expect(restore(file, data)).rejects.toThrow(why);
    expect(await readdir(data)).not.toContain("agents");
  });
});
