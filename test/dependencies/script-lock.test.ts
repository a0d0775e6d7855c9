import { describe, expect, test } from "bun:test";

import { planOf, refusalOf } from "../helpers/plan.ts";

const SCRIPT = (dependencies: string, python = ">=3.10") =>
  `# /// script\n# requires-python = "${python}"\n# dependencies = ${dependencies}\n# ///\nimport six\n`;
/** As `uv lock --script main.py` writes it. */
const SCRIPT_LOCK = `version = 1
revision = 3
requires-python = ">=3.10"

[manifest]
requirements = [
    { name = "rich", extras = ["jupyter"], marker = "python_full_version >= '3.8'" },
    { name = "six", specifier = ">=1.16,<2" },
]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
`;

describe("a lock beside a script with inline metadata", () => {
  const matching = `["six<2,>=1.16", "Rich[jupyter]; python_version >= '3.8'"]`;

  test("is installed as it is", async () => {
    const result = await planOf({ "main.py": SCRIPT(matching), "main.py.lock": SCRIPT_LOCK });
    expect(result).toMatchObject({ style: "main.py.lock", lock: "uv.lock", locked: true, warnings: [] });
    expect(result.files["uv.lock"]).toBe(SCRIPT_LOCK);
  });

  test.each([
    ["an added package", SCRIPT(matching.replace("[", '["httpx", ')), "`httpx`"],
    ["another range", SCRIPT(matching.replace("1.16", "1.17")), "`six<2,>=1.17`"],
    ["another extra", SCRIPT(matching.replace("jupyter", "all")), "`Rich[all]"],
    ["a removed package", SCRIPT('["six<2,>=1.16"]'), "`rich[jupyter]`"],
    ["another Python", SCRIPT(matching, ">=3.12"), "`>=3.12`"],
  ])("that no longer matches is an error that names %s", async (_, script, named) => {
    const error = await refusalOf({ "main.py": script, "main.py.lock": SCRIPT_LOCK });
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "lock_drift" } });
    expect(String(error)).toContain(named);
    expect(String(error)).toContain("main.py.lock no longer matches main.py");
    expect(String(error)).toContain("Run `uv lock --script main.py`");
  });

  test("is an error without the metadata, unless another file names the packages", async () => {
    const error = await refusalOf({ "main.py": "import six\n", "main.py.lock": SCRIPT_LOCK });
    expect(error).toMatchObject({ details: { class: "lock_without_project" } });
    const files = { "main.py": "", "main.py.lock": SCRIPT_LOCK, "requirements.txt": "six\n" };
    expect(await planOf(files)).toMatchObject({ style: "requirements.txt" });
  });

  test("names the indexes of its packages", async () => {
    const elsewhere = `${SCRIPT_LOCK}
[[package]]
name = "torch"
version = "2.4.0+cpu"
source = { registry = "https://download.pytorch.org/whl/cpu" }
`;
    const { files } = await planOf({ "main.py": SCRIPT(matching), "main.py.lock": elsewhere });
    expect(files["indexes"]).toBe("--extra-index-url https://download.pytorch.org/whl/cpu\n");
  });

  test("is suggested with its own command where there is none", async () => {
    const { warnings } = await planOf({ "main.py": SCRIPT(matching) });
    expect(warnings.join()).toContain("`uv lock --script main.py` makes one");
  });
});
