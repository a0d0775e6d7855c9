import { describe, expect, test } from "bun:test";
import { symlink } from "node:fs/promises";
import { join } from "node:path";

import { planDependencies } from "../../src/dependencies/detect.ts";
import { LOCK, POETRY_LOCK } from "../helpers/locks.ts";
import { planOf, PROJECT, refusalOf, TARGET } from "../helpers/plan.ts";
import { temporaryTree } from "../helpers/tree.ts";

describe("the style", () => {
  const everything = {
    "main.py": "# /// script\n# dependencies = ['a']\n# ///\n",
    "setup.py": "from setuptools import setup\nsetup(install_requires=['six'])\n",
    "Pipfile.lock": JSON.stringify({ _meta: {}, default: {} }),
    "main.py.lock": 'version = 1\n[manifest]\nrequirements = [{ name = "a" }]\n',
    "requirements.txt": "six\n",
    "pyproject.toml": `${PROJECT}dependencies = ["six<2,>=1.16"]\n[dependency-groups]\ndev = ["pytest>=8"]\n`,
    "pdm.lock": POETRY_LOCK,
    "poetry.lock": POETRY_LOCK,
    "uv.lock": LOCK,
  };
  const order = [
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pyproject.toml",
    "requirements.txt",
    "Pipfile.lock",
    "main.py.lock",
    "main.py",
    "setup.py",
  ];

  test.each(order.map((file, index) => [file, order.slice(0, index)] as const))(
    "%s is used when %j are not there",
    async (file, absent) => {
      const files = Object.fromEntries(Object.entries(everything).filter(([name]) => !absent.includes(name)));
      expect((await planOf(files)).style as string).toBe(file === "main.py" ? "script" : file);
    },
  );

  test("nothing names a dependency", async () => {
    expect(await planOf({ "main.py": "" })).toMatchObject({ style: "none", lock: undefined });
  });

  test("requirements.txt counts beside a pyproject.toml with only settings of tools", async () => {
    const files = { "pyproject.toml": "[tool.ruff]\nline-length = 100\n", "requirements.txt": "six\n" };
    expect(await planOf(files)).toMatchObject({ style: "requirements.txt" });
  });

  test("a link counts as absent", async () => {
    await using tree = await temporaryTree({ "main.py": "", "real.txt": "six\n" });
    await symlink("real.txt", join(tree.path, "requirements.txt"));
    expect(await planDependencies(tree.path, { entrypointFile: "main.py", target: TARGET })).toMatchObject({
      style: "none",
    });
  });
});

const editedProject = (version: string, comment: string) => `# ${comment}
[project]
name = "demo"
version = "${version}"
description = "x"
dependencies = ["six"]

[build-system]
requires = ["hostile"]
build-backend = "hostile"

[tool.uv]
no-binary-package = ["six"]
index-url = "https://elsewhere.example/simple"

[tool.ruff]
line-length = 100
`;

test("only what resolving reads is kept of pyproject.toml", async () => {
  const first = await planOf({ "pyproject.toml": editedProject("1", "a") });
  const second = await planOf({ "pyproject.toml": editedProject("2", "b") });
  expect(second.files).toEqual(first.files);
  expect(JSON.stringify(first.files)).not.toMatch(/hostile|elsewhere|no-binary|description/);
});

test("inline metadata names packages like a project", async () => {
  const result = await planOf({
    "main.py":
      '#!/usr/bin/env python\n# /// script\n# requires-python = ">=3.10"\n# dependencies = [\n#   "six",\n# ]\n# ///\nimport six\n',
  });
  expect(result).toMatchObject({ style: "script", lock: "uv.lock", locked: false });
  expect(result.files["pyproject.toml"]).toContain('requires-python = "==3.12.*,>=3.10"');
});

describe("text that cannot be read is refused with its line", () => {
  test.each([
    ["pyproject.toml", { "pyproject.toml": "[project\n" }],
    ["uv.lock", { "pyproject.toml": PROJECT, "uv.lock": "version = \n" }],
    ["The inline metadata of main.py", { "main.py": "# /// script\n# dependencies = [\n# ///\n" }],
  ])("%s", async (name, files) => {
    const error = await refusalOf(files);
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "syntax" } });
    expect(String(error)).toContain(name);
  });

  test("a uv.lock of a later format", async () => {
    const error = await refusalOf({ "pyproject.toml": PROJECT, "uv.lock": "version = 99\n" });
    expect(error).toMatchObject({ details: { class: "lock_unreadable" } });
  });
});
