import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { writeTree } from "../helpers/tree.ts";
import { wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles, docker, inImage } from "./harness-build.ts";

setDefaultTimeout(300_000);

describe("what is built is what was uploaded", () => {
  const TIME = new Date("2020-01-01T00:00:00Z");

  async function treeOf(directory: string, text: string): Promise<string> {
    await writeTree(directory, { "main.py": text });
    await utimes(join(directory, "main.py"), TIME, TIME);
    await utimes(directory, TIME, TIME);
    return directory;
  }

  test("a file edited without changing its size or time", async () => {
    const root = await mkdtemp(join(tmpdir(), "oken-test-"));
    try {
      const tree = await treeOf(join(root, "tree"), 'print("one")\n');
      await using first = await buildFiles({}, { tree });
      expect(await first.run()).toBe("one\n");
      await treeOf(tree, 'print("two")\n');
      await using second = await buildFiles({}, { tree });
      expect(await second.run()).toBe("two\n");
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  test("another agent's directory of the same name, with a file of the same size and time", async () => {
    const root = await mkdtemp(join(tmpdir(), "oken-test-"));
    try {
      await using mine = await buildFiles(
        {},
        { tree: await treeOf(join(root, "a/tree"), 'print("mine")\n') },
      );
      await using theirs = await buildFiles(
        {},
        { tree: await treeOf(join(root, "b/tree"), 'print("hers")\n'), agentId: "other" },
      );
      expect([await mine.run(), await theirs.run()]).toEqual(["mine\n", "hers\n"]);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  test("a wheel of the upload exchanged for one of the same size and time", async () => {
    const file = wheelName("swapped", "1");
    const upload = (text: string) => ({
      "main.py": "import swapped\nprint(swapped.NAME)\n",
      "requirements.txt": `./${file}\n`,
      [file]: wheel("swapped", "1", { "swapped.py": `NAME = "${text}"\n` }),
    });
    await using first = await buildFiles(upload("one"));
    await using second = await buildFiles(upload("two"));
    expect([await first.run(), await second.run()]).toEqual(["one\n", "two\n"]);
  });

  test("the runner's own files exchanged for ones of the same size, under the same upload", async () => {
    const upload = { "main.py": `# ${crypto.randomUUID()}\n` };
    await using first = await buildFiles(upload, { runtimeFiles: { "main.py": 'print("one")\n' } });
    await using second = await buildFiles(upload, { runtimeFiles: { "main.py": 'print("two")\n' } });
    expect([await first.run(), await second.run()]).toEqual(["one\n", "two\n"]);
  });

  test("the upload's own Dockerfile, ignore file, syntax line and uv.toml are ignored", async () => {
    await using image = await buildFiles({
      "main.py": 'print(open("/app/kept.txt").read())\n',
      "kept.txt": "kept",
      Dockerfile: "# syntax=example.invalid/frontend\nFROM example.invalid/image\n",
      ".dockerignore": "*\n",
      "Dockerfile.dockerignore": "*\n",
      "requirements.txt": "six==1.16.0\n",
      "uv.toml": 'index-url = "https://example.invalid/simple"\n',
    });
    expect(await image.run()).toBe("kept\n");
  });

  test("no program of the host reads its version control", async () => {
    const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
    const seen = join(directory, "seen");
    try {
      await writeTree(directory, { git: `#!/bin/sh\necho "$@" >>${seen}\n` });
      await chmod(join(directory, "git"), 0o755);
      const environment = { PATH: `${directory}:${process.env["PATH"]}` };
      await using built = await buildFiles(
        { "main.py": "print('hello')\n", ".git/HEAD": "ref: refs/heads/main\n" },
        { environment },
      );
      expect(await built.run()).toBe("hello\n");
      expect(existsSync(seen)).toBe(false);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  test("derived files and version control stay out, everything else comes in", async () => {
    await using image = await buildFiles({
      "main.py": "",
      ".env": "A=1",
      "data/model.bin": "x",
      ".git/config": "x",
      ".venv/lib/x.py": "x",
      "pkg/__pycache__/x.pyc": "x",
    });
    const found = await inImage(image.tag, "sh", "-c", "cd /app && find . -type f | sort");
    expect(found.trim().split("\n")).toEqual(["./.env", "./data/model.bin", "./main.py"]);
  });
});

const withSix = (main: string) => ({ "main.py": main, "requirements.txt": "six==1.16.0\n" });

describe("the image", () => {
  test("holds byte code, belongs to root, and has no uv, no secret and no trace of one", async () => {
    await using image = await buildFiles({ "main.py": "", "requirements.txt": "six==1.16.0\n" });
    const script = `
      command -v uv; ls /run/secrets /opt/uv-cache /opt/oken/deps 2>/dev/null
      test -n "$(ls /opt/venv/lib/python3.12/site-packages/__pycache__/six*.pyc)" && echo six
      test -n "$(ls /usr/local/lib/python3.12/__pycache__/json*.pyc /usr/local/lib/python3.12/json/__pycache__/*.pyc 2>/dev/null)" && echo stdlib
      ls /opt/oken/runtime/__pycache__ | grep -c main
      find /opt/venv /app /opt/oken -not -user 0 | head
      find / -xdev -type f -perm /6000 2>/dev/null
      touch /app/x 2>/dev/null && echo writable
      id -u; id -g; pwd; echo "$PYTHONUNBUFFERED $PYTHONDONTWRITEBYTECODE $HOME"; command -v python`;
    expect(await inImage(image.tag, "sh", "-c", script)).toBe(
      "six\nstdlib\n1\n10001\n10001\n/app\n1 1 /home/agent\n/opt/venv/bin/python\n",
    );
    const history = await docker.run(["history", "--no-trunc", image.tag]);
    expect(history).not.toContain("BEGIN CERTIFICATE");
    const [config] = JSON.parse(await docker.run(["inspect", image.tag]));
    expect(config.Config).toMatchObject({
      User: "10001:10001",
      WorkingDir: "/app",
      Labels: { "oken.test": "build" },
    });
    expect(config.Config.Entrypoint).toEqual([
      "/opt/oken/runtime/python/bin/python",
      "-I",
      "/opt/oken/runtime/main.py",
      "/opt/venv/bin/python",
    ]);
    expect(config.Id).toBe(image.imageId);
    expect(Object.keys(image.bases)).toHaveLength(2);
  });

  test("a change of code alone reinstalls nothing", async () => {
    await using first = await buildFiles(withSix("print(1)\n"));
    await using second = await buildFiles(withSix("print(2)\n"));
    expect(await second.run()).toBe("2\n");
    expect(first.imageId).not.toBe(second.imageId);
    const installs = second.events.flatMap((event) =>
      event.type === "step" && /dependencies|standard library/.test(event.name) ? event.status : [],
    );
    expect(new Set(installs)).toEqual(new Set(["cached"]));
  });
});
