import { describe, expect, test } from "bun:test";

import { planOf, PROJECT, refusalOf } from "../helpers/plan.ts";

const FLAWED: [requirement: string, flaw: string][] = [
  ["six=1.16", "`=1.16` is no version; write `six==1.16` or `six>=1.16`"],
  ["six ===== 1", "`===== 1` is no version; write `six==1` or `six>=1`"],
  ["six 1.16", "`1.16` is no version; write `six==1.16`"],
  ["six=>1.16", "`=>1.16` is no version"],
  ["six==latest", "`==latest` is no version"],
  ["six>=1,<", "`<` is no version"],
  ["six>=1 <2", "`>=1 <2` is no version"],
  ["flask[async]=3", "`=3` is no version; write `flask[async]==3`"],
  ["six^1.16", "`^1.16` is no version"],
  [
    "six; python_versio > '3'",
    "`python_versio` means nothing after the semicolon; did you mean `python_version`?",
  ],
  ["six; platform == 'linux'", "`platform` means nothing after the semicolon"],
  ["import six", "`six` is no version"],
];

describe("a requirement that is none is told with its file, and what to write", () => {
  test.each(FLAWED)("%s", async (requirement, flaw) => {
    const listed = await refusalOf({ "requirements.txt": `rich\n${requirement}\n` });
    expect(listed).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining(`requirements.txt:2: \`${requirement}\`: ${flaw}`),
      details: { class: "syntax" },
    });
    const file = `${PROJECT}dependencies = [${JSON.stringify(requirement)}]\n`;
    expect(await refusalOf({ "pyproject.toml": file })).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining(`pyproject.toml asks for \`${requirement}\`: ${flaw}`),
      details: { class: "syntax" },
    });
  });
});

test.each([
  "six",
  "six==1.16.*",
  "six===1.16-own",
  "six (>=1,<2)",
  "six>=1.0,<2,",
  "six ~= 1.4 , != 1.5",
  "flask[async, dotenv] >= 3 ; python_version >= '3.8' and (sys_platform == \"linux\" or extra == 'x')",
  "six!=1.0+local.1; 'linux' in sys_platform and os_name not in 'nt'",
  "six==v1.16",
  "six==1!2.0rc1",
  "demo @ https://example.com/demo-1-py3-none-any.whl ; python_version > '3'",
])("%s is a requirement", async (requirement) => {
  const file = `${PROJECT}dependencies = [${JSON.stringify(requirement)}]\n`;
  expect((await planOf({ "pyproject.toml": file })).lock).toBe("uv.lock");
  expect((await planOf({ "requirements.txt": `${requirement}\n` })).lock).toBe("requirements.lock");
});

test("a flaw in what is not installed stops nothing", async () => {
  const file = `${PROJECT}dependencies = ["six"]\n[project.optional-dependencies]\nx = ["rich=1"]\n[dependency-groups]\ndev = ["ruff=1"]\n`;
  expect((await planOf({ "pyproject.toml": file })).lock).toBe("uv.lock");
});
