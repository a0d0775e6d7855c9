import { describe, expect, test } from "bun:test";

import { poetryProject, refusalOf } from "../helpers/plan.ts";

const SETUP_CFG = "[options]\ninstall_requires =\n    six==1.16.0\n    --no-binary six\n";
const library = (dependencies: string) => ({
  "requirements.txt": "./lib\n",
  "lib/pyproject.toml": `[project]\nname = "lib"\nversion = "1"\ndependencies = [${dependencies}]\n`,
});

const poetryLock = (version: string, groups = 'groups = ["main"]\n') =>
  `[[package]]\nname = "six"\nversion = ${version}\noptional = false\n${groups}files = [{hash = "sha256:aa"}]\n`;

describe("an option where a requirement belongs is refused, since the installer would obey it", () => {
  const project = poetryProject('six = "*"\n');

  test.each([
    ["alone in a project of the upload", library('"--no-binary six"')],
    ["after a requirement", library('"six==1.16.0 --no-binary six"')],
    ["in short, as the option of another", library('"six -C --no-binary=six"')],
    ["on a second line", library('"six\\n--no-binary six"')],
    ["after a line that goes on", library('"six \\\\\\n--no-binary six"')],
    ["in setup.cfg", { "setup.py": "import setuptools; setuptools.setup()\n", "setup.cfg": SETUP_CFG }],
    [
      "in a marker of Poetry's",
      {
        "pyproject.toml": poetryProject('six = { version = "1", markers = "os_name\\n--no-binary six" }\n'),
      },
    ],
    [
      "in a version of poetry.lock",
      { "pyproject.toml": project, "poetry.lock": poetryLock('"1.16.0\\n--no-binary six"') },
    ],
    [
      "in a version of an older poetry.lock",
      { "pyproject.toml": project, "poetry.lock": poetryLock('"1.16.0\\n--no-binary six"', "") },
    ],
  ] as const)("%s", async (_, files) => {
    const error = await refusalOf({ ...files });
    expect(error).toMatchObject({ code: "BUILD_FAILED" });
    expect(String(error)).toContain("no-binary");
  });
});
