import { describe, expect, test } from "bun:test";

import { POETRY_LOCK } from "../helpers/locks.ts";
import { planOf, poetryProject, refusalOf } from "../helpers/plan.ts";

describe("Poetry", () => {
  test("a lock with groups is installed without the other groups", async () => {
    const result = await planOf({
      "pyproject.toml": poetryProject('six = "^1.16"\n'),
      "poetry.lock": POETRY_LOCK,
    });
    expect(result).toMatchObject({ lock: "requirements.lock", locked: true });
    expect(result.files["requirements.lock"]).toBe(
      'six==1.16.0 ; python_version >= "3.9" \\\n    --hash=sha256:aa\n',
    );
  });

  test("an older lock constrains the project's requirements", async () => {
    const result = await planOf({
      "pyproject.toml": poetryProject('six = "^1.16"\n'),
      "poetry.lock": POETRY_LOCK.replaceAll(/^groups.*\n|^markers.*\n/gm, ""),
    });
    expect(result.files).toMatchObject({
      "requirements.in": "six>=1.16,<2\n",
      "constraints.txt": "six==1.16.0\npytest==8.0.0\n",
    });
  });

  test("a package that the lock does not have is drift", async () => {
    const error = await refusalOf({
      "pyproject.toml": poetryProject('httpx = "*"\n'),
      "poetry.lock": POETRY_LOCK,
    });
    expect(error).toMatchObject({ details: { class: "lock_drift" } });
    expect(String(error)).toContain("Run `poetry lock`");
  });

  test.each([
    ['six = "^1.16.2"', "six>=1.16.2,<2"],
    ['six = "^0.3"', "six>=0.3,<0.4"],
    ['six = "^0.0.3"', "six>=0.0.3,<0.0.4"],
    ['six = "^0"', "six>=0,<1"],
    ['six = "~1.2.3"', "six>=1.2.3,<1.3"],
    ['six = "~1"', "six>=1,<2"],
    ['six = "1.16.0"', "six==1.16.0"],
    ['six = "1.*"', "six==1.*"],
    ['six = "*"', "six"],
    ['six = ">=1,<2"', "six>=1,<2"],
    [
      'six = {version = "^1", extras = ["a", "b"], markers = "os_name == \'nt\'"}',
      "six[a,b]>=1,<2 ; (os_name == 'nt')",
    ],
    [
      'six = {version = "1.0", python = ">=3.8,<3.11"}',
      'six==1.0 ; (python_version >= "3.8" and python_version < "3.11")',
    ],
    [
      'six = {git = "https://github.com/benjaminp/six.git", tag = "1.16.0"}',
      "six @ https://github.com/benjaminp/six/archive/1.16.0.tar.gz",
    ],
  ])("%s asks for %s", async (text, expected) => {
    expect((await planOf({ "pyproject.toml": poetryProject(`${text}\n`) })).files["requirements.in"]).toBe(
      `${expected}\n`,
    );
  });
});
