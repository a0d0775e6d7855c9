import { describe, expect, test } from "bun:test";

import { LOCK } from "../helpers/locks.ts";
import { planOf, PROJECT, refusalOf } from "../helpers/plan.ts";

const locked = (dependencies: string, groups = '[dependency-groups]\ndev = ["pytest>=8"]\n') => ({
  "uv.lock": LOCK,
  "pyproject.toml": `${PROJECT}dependencies = ${dependencies}\n${groups}`,
});

describe("a uv.lock that no longer matches is an error that names the difference", () => {
  test.each([
    ["spaces and order do not matter", locked('["six < 2, >= 1.16"]')],
    ["a new version of the project does not matter", { ...locked('["six>=1.16,<2"]') }],
  ])("%s", async (_, files) => {
    expect(await planOf(files)).toMatchObject({ style: "uv.lock", locked: true });
  });

  test.each([
    ["an added package", locked('["six>=1.16,<2", "httpx"]'), "`httpx`"],
    ["another range", locked('["six>=1.17,<2"]'), "`six>=1.17,<2`"],
    ["a removed package", locked("[]"), "`six<2,>=1.16`"],
    [
      "an added package of a group",
      locked('["six>=1.16,<2"]', '[dependency-groups]\ndev = ["pytest>=8", "ruff"]\n'),
      "`ruff`",
    ],
    [
      "another project",
      { "uv.lock": LOCK, "pyproject.toml": '[project]\nname = "other"\n' },
      "no project named other",
    ],
  ])("%s", async (_, files, named) => {
    const error = await refusalOf(files);
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "lock_drift" } });
    expect(String(error)).toContain(named);
    expect(String(error)).toContain("Run `uv lock`");
  });
});
