import { describe, expect, test } from "bun:test";

import { planOf, PROJECT, refusalOf } from "../helpers/plan.ts";

const HEAD = 'lock-version = "1.0"\ncreated-by = "uv"\n';

/** A package with one wheel. */
const entry = (name: string, rest = 'version = "1.0"\n') =>
  `[[packages]]\nname = "${name}"\n${rest}wheels = [{ url = "https://files.example/${name}.whl", hashes = { sha256 = "aa", md5 = "00" } }]\n`;

async function lockOf(text: string, rest: Record<string, string> = {}): Promise<string | undefined> {
  return (await planOf({ "pylock.toml": `${HEAD}${text}`, ...rest })).files["requirements.lock"];
}

describe("pylock.toml", () => {
  test.each<[title: string, lock: string, lines: string]>([
    ["a wheel", entry("six"), "six==1.0 \\\n    --hash=sha256:aa\n"],
    [
      "a source archive beside it",
      `${entry("six")}sdist = { url = "https://files.example/six.tar.gz", hashes = { sha256 = "bb", sha512 = "cc" } }\n`,
      "six==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb \\\n    --hash=sha512:cc\n",
    ],
    [
      "a marker",
      entry("six", `version = "1.0"\nmarker = "sys_platform == 'linux'"\n`),
      "six==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:aa\n",
    ],
    [
      "a default group",
      `default-groups = ["Main"]\n${entry("six", `version = "1.0"\nmarker = "'main' in dependency_groups and os_name == 'posix'"\n`)}`,
      "six==1.0 ; python_version >= '0' and os_name == 'posix' \\\n    --hash=sha256:aa\n",
    ],
    [
      "another group, and an extra",
      `default-groups = ["main"]\n${entry("six", `version = "1.0"\nmarker = "'dev' in dependency_groups or 'x' in extras or 'y' not in extras"\n`)}`,
      "six==1.0 ; python_version < '0' or python_version < '0' or python_version >= '0' \\\n    --hash=sha256:aa\n",
    ],
    [
      "an index of its own",
      entry("six", 'version = "1.0"\nindex = "https://example.com/simple"\n'),
      "--extra-index-url https://example.com/simple\nsix==1.0 \\\n    --hash=sha256:aa\n",
    ],
    [
      "an archive by its URL",
      '[[packages]]\nname = "six"\narchive = { url = "https://files.example/six.zip", hashes = { sha256 = "aa" } }\n',
      "six @ https://files.example/six.zip \\\n    --hash=sha256:aa\n",
    ],
  ])("%s", async (_, lock, lines) => {
    expect(await lockOf(lock)).toBe(lines);
  });

  test("comes after the locks of a pyproject.toml, and before the project itself", async () => {
    const files = {
      "pylock.toml": HEAD + entry("six"),
      "pyproject.toml": `${PROJECT}dependencies = ["rich"]\n`,
    };
    expect(await planOf(files)).toMatchObject({ style: "pylock.toml", locked: true, warnings: [] });
  });

  test("a project of the upload is importable, and a repository is fetched as an archive", async () => {
    const plan = await planOf({
      "pylock.toml": `${HEAD}[[packages]]\nname = "lib"\ndirectory = { path = "lib" }\n[[packages]]\nname = "tool"\nvcs = { type = "git", url = "https://github.com/a/tool.git", commit-id = "abc" }\n`,
      "lib/pyproject.toml": '[project]\nname = "lib"\nversion = "1"\n',
    });
    expect(plan.importable).toEqual(["lib"]);
    expect(plan.sdists).toEqual({ tool: "tool @ https://github.com/a/tool/archive/abc.tar.gz" });
  });

  test.each([
    ["another format", 'lock-version = "2.0"\n', "lock_unreadable", 'its lock-version is "2.0"'],
    ["no format", 'created-by = "x"\n', "lock_unreadable", "its lock-version is null"],
    [
      "a package without a hash",
      `${HEAD}[[packages]]\nname = "six"\nversion = "1"\n`,
      "lock_unreadable",
      "no file with a hash for six",
    ],
    [
      "another Python",
      `${HEAD}requires-python = ">=3.13"\n${entry("six")}`,
      "wrong_python",
      "made for Python >=3.13, and the agent runs on 3.12",
    ],
    ["an option in a name", HEAD + entry("six --no-binary x"), "lock_unreadable", "names no package"],
    ["no TOML", "lock-version =\n", "syntax", "pylock.toml line 1"],
  ])("%s is refused", async (_, text, kind, message) => {
    expect(await refusalOf({ "pylock.toml": text })).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining(message),
      details: { class: kind },
    });
  });
});
