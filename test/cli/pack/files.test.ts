import { expect, test } from "bun:test";
import { chmod, symlink } from "node:fs/promises";
import { join } from "node:path";

import { projectFiles } from "../../../src/cli/pack/files.ts";
import { type Files, temporaryTree } from "../../helpers/tree.ts";

/** Paths of what is packed of a project with these files, empty ones. */
async function packed(paths: string[], ignoring: Files = {}, below = "."): Promise<string[]> {
  const empty = Object.fromEntries(paths.map((path) => [path, ""]));
  await using tree = await temporaryTree({ ...empty, ...ignoring });
  const files = await projectFiles(join(tree.path, below));
  return files.map(({ path }) => path).filter((path) => !path.endsWith("ignore"));
}

test("files come in the order of their paths, those of directories too", async () => {
  expect(await packed(["oken.toml", "main.py", "lib/b.py", "lib/a.py", ".python-version"])).toEqual([
    ".python-version",
    "lib/a.py",
    "lib/b.py",
    "main.py",
    "oken.toml",
  ]);
});

test("secrets, history and what is made anew are never sent, whatever a file says", async () => {
  const never = [
    ...[
      ".env",
      ".env.local",
      "deep/.env",
      ".git/HEAD",
      ".venv/bin/python",
      "env39/pyvenv.cfg",
      "env39/lib/x.py",
    ],
    ...["__pycache__/main.pyc", "lib/__pycache__/a.pyc", "node_modules/x/index.js", ".DS_Store"],
  ];
  const all = [...never, "main.py", ".env.example"];
  expect(await packed(all)).toEqual([".env.example", "main.py"]);
  expect(await packed(all, { ".okenignore": "!.env\n!node_modules\n!.venv\n" })).toEqual([
    ".env.example",
    "main.py",
  ]);
});

test(".gitignore holds, with its negations and its anchors", async () => {
  const ignoring = { ".gitignore": "*.log\n!keep.log\n/data\nbuild/\n" };
  expect(
    await packed(
      ["main.py", "a.log", "keep.log", "data/x", "lib/data/x", "build/y", "lib/build/z"],
      ignoring,
    ),
  ).toEqual(["keep.log", "lib/data/x", "main.py"]);
});

test(".okenignore adds to .gitignore, and takes back", async () => {
  const ignoring = { ".gitignore": "*.bin\n", ".okenignore": "!weights.bin\nnotes/\n" };
  expect(await packed(["main.py", "weights.bin", "other.bin", "notes/x"], ignoring)).toEqual([
    "main.py",
    "weights.bin",
  ]);
});

test("a file below decides for what is below it", async () => {
  const ignoring = { ".gitignore": "*.csv\n", "data/.gitignore": "!small.csv\nlarge.txt\n" };
  expect(await packed(["a.csv", "data/small.csv", "data/large.txt", "large.txt"], ignoring)).toEqual([
    "data/small.csv",
    "large.txt",
  ]);
});

test("the repository around a project counts, a directory without one does not", async () => {
  const ignoring = { ".gitignore": "*.csv\n" };
  const paths = ["agents/one/main.py", "agents/one/a.csv"];
  expect(await packed(paths, ignoring, "agents/one")).toEqual(["a.csv", "main.py"]);
  expect(await packed([...paths, ".git/HEAD"], ignoring, "agents/one")).toEqual(["main.py"]);
});

test("who may run a file still may, and links stay links", async () => {
  await using tree = await temporaryTree({ "run.sh": "#!/bin/sh\n", "main.py": "x" });
  await chmod(join(tree.path, "run.sh"), 0o700);
  await chmod(join(tree.path, "main.py"), 0o600);
  await symlink("main.py", join(tree.path, "link.py"));
  expect(await projectFiles(tree.path)).toMatchObject([
    { path: "link.py", type: "link", target: "main.py" },
    { path: "main.py", type: "file", mode: 0o644, bytes: 1 },
    { path: "run.sh", type: "file", mode: 0o755 },
  ]);
});
