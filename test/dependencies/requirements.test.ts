import { describe, expect, test } from "bun:test";

import { planOf, refusalOf, requirementsOf } from "../helpers/plan.ts";

describe("requirements.txt", () => {
  test.each([
    ["utf16le", "UTF-16, as PowerShell writes it"],
    ["utf8", "UTF-8 with its mark"],
  ] as const)("is read in %s", async (encoding) => {
    const files = {
      "requirements.txt": Buffer.from("\ufeffsix>=1\r\n-r more.txt\r\n", encoding),
      "more.txt": Buffer.from("\ufeffrich\r\n", encoding),
    };
    expect(await requirementsOf(files)).toEqual(["six>=1", "rich"]);
  });

  test("includes, constraints, comments and continued lines are read as pip reads them", async () => {
    const result = await planOf({
      "requirements.txt":
        "-r deps/base.txt\n--requirement=deps/more.txt\n-c pins.txt\n# a comment\nsix>=1 # why\n",
      "deps/base.txt": "flask[async]>=3 \\\n  ; python_version > '3'\n",
      "deps/more.txt": "-r base2.txt\n",
      "deps/base2.txt": "rich\n",
      "pins.txt": "werkzeug<4\n",
    });
    expect(
      result.files["requirements.in"]
        ?.split("\n")
        .filter(Boolean)
        .map((line) => line.replaceAll(/\s+/g, " ")),
    ).toEqual(["flask[async]>=3 ; python_version > '3'", "rich", "six>=1"]);
    expect(result.files["constraints.txt"]).toBe("werkzeug<4\n");
  });

  test("files that include each other many times are read once", async () => {
    const chain = Array.from({ length: 8 }, (_, at) => [`r${at}.txt`, `-r r${at + 1}.txt\n`.repeat(50)]);
    const files = { ...Object.fromEntries(chain), "r8.txt": "six\n" };
    expect(await requirementsOf({ ...files, "requirements.txt": "-r r0.txt\nrich\n" })).toEqual([
      "six",
      "rich",
    ]);
  });

  test("more lines than any project has are refused", async () => {
    const lines = Array.from({ length: 20_001 }, (_, at) => `-r ${at % 2}.txt\n`).join("");
    const error = await refusalOf({ "requirements.txt": lines, "0.txt": "six\n", "1.txt": "rich\n" });
    expect(String(error)).toContain("there are more than 20000 lines");
  });

  test.each([
    "--no-binary six",
    "--no-binary=:all:",
    "--only-binary :all:",
    "--trusted-host example.com",
    "--no-build-isolation",
  ])("%s is dropped", async (option) => {
    expect(await requirementsOf({ "requirements.txt": `${option}\nsix\n` })).toEqual(["six"]);
  });

  test.each(["six --no-binary six", "six --global-option=x", "six --config-settings a=b"])(
    "an option after a requirement is dropped: %s",
    async (line) => {
      expect(await requirementsOf({ "requirements.txt": `${line}\n` })).toEqual(["six"]);
    },
  );

  test("indexes of the upload are searched as pip searches them", async () => {
    const result = await planOf({
      "requirements.txt": "--extra-index-url https://example.com/whl/cpu\ntorch\n",
    });
    expect(result.files["indexes"]).toBe("--extra-index-url https://example.com/whl/cpu\n");
    expect(result.compileFlags).toContain("indexes");
    expect(result.compileFlags).toContain("unsafe-best-match");
  });

  test("an exact list with hashes is installed as it is", async () => {
    const list = "six==1.16.0 --hash=sha256:aa --hash=sha256:bb\n";
    expect(await planOf({ "requirements.txt": list })).toMatchObject({
      locked: true,
      files: { "requirements.lock": list },
    });
  });

  test("a project of the upload brings its own requirements and is made importable", async () => {
    const result = await planOf({
      "requirements.txt": "-e ./libs/common\nsix\n",
      "libs/common/pyproject.toml": '[project]\nname = "common"\nversion = "2"\ndependencies = ["rich"]\n',
      "libs/common/src/common/__init__.py": "",
    });
    expect(result.files["requirements.in"]).toBe("six\nrich\n");
    expect(result).toMatchObject({
      importable: ["libs/common/src"],
      projects: [{ name: "common", version: "2" }],
    });
  });

  test("hashes stay where not every line has them", async () => {
    expect(await requirementsOf({ "requirements.txt": "six==1.16.0 --hash=sha256:aa\nrich\n" })).toEqual([
      "six==1.16.0 --hash=sha256:aa",
      "rich",
    ]);
  });

  test("a wheel of the upload is installed", async () => {
    const result = await planOf({
      "requirements.txt": "./wheels/demo-1-py3-none-any.whl\n",
      "wheels/demo-1-py3-none-any.whl": "x",
    });
    expect(Object.values(result.copies)).toEqual(["wheels/demo-1-py3-none-any.whl"]);
    expect(result.files["requirements.in"]).toMatch(
      /^demo @ oken-local-file:\w+\/demo-1-py3-none-any\.whl\n$/,
    );
  });

  test("a repository is fetched as an archive, since images have no git", async () => {
    expect(
      await requirementsOf({
        "requirements.txt": "git+https://github.com/psf/requests.git@v2.32.0#egg=requests\n",
      }),
    ).toEqual(["requests @ https://github.com/psf/requests/archive/v2.32.0.tar.gz"]);
  });

  test.each([
    ["-r absent.txt", "absent.txt"],
    ["-r ../outside.txt", "inside the upload"],
    ["-r https://example.com/r.txt", "inside the upload"],
    ["./absent", "absent"],
    ["--frobnicate", "--frobnicate"],
    ["-r requirements.txt", "included by itself"],
    ["git+https://git.example.com/x@v1#egg=x", "no git"],
    ["--index-url file:///etc", "must be a URL"],
  ])("%s is refused with its line", async (line, named) => {
    const error = await refusalOf({ "requirements.txt": `six\n${line}\n` });
    expect(error).toMatchObject({ code: "BUILD_FAILED" });
    expect(String(error)).toContain(named);
  });
});
