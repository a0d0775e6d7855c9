import { describe, expect, test } from "bun:test";

import type { DependencyStyle } from "../../src/dependencies/plan.ts";
import { LOCK } from "../helpers/locks.ts";
import { planOf, PROJECT, requirementsOf } from "../helpers/plan.ts";

const SIX = "six==1.16.0\n";

describe("a file with a clear meaning is read", () => {
  test.each<[title: string, files: Record<string, string>, style: DependencyStyle]>([
    ["requirements.in alone", { "requirements.in": SIX }, "requirements.in"],
    [
      "requirements.in beside what was made from it",
      { "requirements.in": "rich\n", "requirements.txt": SIX },
      "requirements.txt",
    ],
    [
      "requirements.txt beside a [project] without dependencies",
      { "pyproject.toml": PROJECT, "requirements.txt": SIX },
      "requirements.txt",
    ],
    [
      "requirements.txt beside a [project] with an empty list",
      { "pyproject.toml": `${PROJECT}dependencies = []\n`, "requirements.txt": SIX },
      "requirements.txt",
    ],
    [
      "requirements.txt beside a project with groups for work on it",
      { "pyproject.toml": `${PROJECT}[dependency-groups]\ndev = ["pytest"]\n`, "requirements.txt": SIX },
      "requirements.txt",
    ],
    [
      "setup.cfg alone",
      { "setup.cfg": "[metadata]\nname = demo\n[options]\ninstall_requires =\n    six==1.16.0\n" },
      "setup.cfg",
    ],
    [
      "setup.cfg beside a pyproject.toml with its build backend",
      {
        "setup.cfg": "[options]\ninstall_requires =\n    six==1.16.0\n",
        "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n',
      },
      "setup.cfg",
    ],
  ])("%s", async (_, files, style) => {
    expect((await planOf(files)).style).toBe(style);
    expect(await requirementsOf(files)).toEqual(["six==1.16.0"]);
    expect((await planOf(files)).warnings.filter((text) => text.includes("not read"))).toEqual([]);
  });
});

describe("a file that is not read is named in one line", () => {
  const project = { "pyproject.toml": `${PROJECT}dependencies = ["six<2,>=1.16"]\n` };
  const locked = {
    "pyproject.toml": `${project["pyproject.toml"]}[dependency-groups]\ndev = ["pytest>=8"]\n`,
    "uv.lock": LOCK,
  };

  test.each<[file: string, files: Record<string, string>, line: string]>([
    ["requirements.txt", project, "requirements.txt is not read: pyproject.toml names the packages."],
    ["requirements.txt", locked, "requirements.txt is not read: uv.lock names the packages."],
    ["requirements.in", project, "requirements.in is not read: pyproject.toml names the packages."],
    ["pylock.toml", locked, "pylock.toml is not read: uv.lock names the packages."],
    ["Pipfile", { "requirements.txt": SIX }, "Pipfile is not read: requirements.txt names the packages."],
    ["environment.yml", {}, "environment.yml is not read: conda's packages are not installed"],
    ["environment.yaml", project, "environment.yaml is not read: conda's packages are not installed"],
    ["conda-lock.yml", {}, "conda-lock.yml is not read: conda's packages are not installed"],
    ["Dockerfile", {}, "Dockerfile is not read: the runner makes the image itself."],
    ["Procfile", project, "Procfile is not read: `entrypoint` in oken.toml says what is served."],
    [".env", {}, ".env is not read: send its variables as secrets"],
    ["requirement.txt", {}, "requirement.txt is not read: name it requirements.txt"],
    ["Requirements.txt", {}, "Requirements.txt is not read: name it requirements.txt"],
    ["requirements/base.txt", {}, "requirements/base.txt is not read: name it requirements.txt"],
  ])("%s beside %j", async (file, files, line) => {
    const { warnings } = await planOf({ "main.py": "", ...files, [file]: SIX });
    expect(warnings.filter((text) => text.includes("not read"))).toEqual([expect.stringContaining(line)]);
  });

  test.each<[title: string, files: Record<string, string>]>([
    [
      "the file that a project takes its dependencies from",
      {
        "pyproject.toml":
          '[project]\nname = "demo"\nversion = "1"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.txt"] }\n',
        "requirements.txt": SIX,
      },
    ],
    [
      "a file that requirements.txt includes",
      { "requirements.txt": "-r requirements/base.txt\n", "requirements/base.txt": SIX },
    ],
    ["settings of other tools", { "setup.cfg": "[flake8]\nmax-line-length = 100\n" }],
  ])("not: %s", async (_, files) => {
    const { warnings } = await planOf({ "main.py": "", ...files });
    expect(warnings.filter((text) => text.includes("not read"))).toEqual([]);
  });
});
