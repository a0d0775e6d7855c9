import { describe, expect, test } from "bun:test";

import { planOf, refusalOf } from "../helpers/plan.ts";

/** Written by Pipenv 2026.10.3, shortened to the hashes of one file each. */
const PIPFILE = `[[source]]
url = "https://pypi.org/simple"
verify_ssl = true
name = "pypi"

[packages]
six = ">=1.16"
rich = {version = "*", markers = "python_version >= '3.8'"}
uvicorn = {extras = ["standard"], version = "==0.30.0"}

[dev-packages]
pytest = "*"

[requires]
python_version = "3.11"
`;
const PIPFILE_HASH = "fa5bd1bcc146ec94f389f0c7faed253c9665acc92141edc863cf85f1d02bc97a";
type PipfileEntries = Record<string, object>;
const pipfileLock = (
  packages: PipfileEntries,
  sources = [{ name: "pypi", url: "https://pypi.org/simple" }],
) =>
  JSON.stringify({
    _meta: { hash: { sha256: PIPFILE_HASH }, "pipfile-spec": 6, sources },
    default: packages,
    develop: { pytest: { hashes: ["sha256:cc"], version: "==8.0.0" } },
  });
const LOCKED_SIX = { six: { hashes: ["sha256:aa", "sha256:bb"], index: "pypi", version: "==1.17.0" } };

describe("Pipenv", () => {
  test("Pipfile.lock is installed without the packages for development", async () => {
    const uvicorn = {
      extras: ["standard"],
      hashes: ["sha256:dd"],
      markers: "python_version >= '3.8'",
      version: "==0.30.0",
    };
    const result = await planOf({
      Pipfile: PIPFILE,
      "Pipfile.lock": pipfileLock({ ...LOCKED_SIX, uvicorn }),
    });
    expect(result).toMatchObject({ style: "Pipfile.lock", lock: "requirements.lock", locked: true });
    expect(result.files["requirements.lock"]).toBe(
      `six==1.17.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
uvicorn==0.30.0 ; python_version >= '3.8' \\
    --hash=sha256:dd
`,
    );
  });

  test("other indexes are added, and PyPI is not", async () => {
    const sources = [
      { name: "pypi", url: "https://pypi.org/simple" },
      { name: "mine", url: "https://example.com/simple" },
    ];
    const { files } = await planOf({ "Pipfile.lock": pipfileLock(LOCKED_SIX, sources) });
    expect(files["requirements.lock"]).toStartWith(
      "--extra-index-url https://example.com/simple\nsix==1.17.0",
    );
  });

  test("a Pipfile without its lock is refused", async () => {
    const error = await refusalOf({ Pipfile: PIPFILE });
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "lock_missing" } });
    expect(String(error)).toContain("a Pipfile, but no Pipfile.lock");
    expect(error).toMatchObject({ details: { hint: expect.stringContaining("`pipenv lock`") } });
    expect(await planOf({ Pipfile: "[packages]\n", "main.py": "" })).toMatchObject({ style: "none" });
  });

  test("a Pipfile that was edited since is drift", async () => {
    const error = await refusalOf({
      Pipfile: PIPFILE.replace(">=1.16", ">=1.17"),
      "Pipfile.lock": pipfileLock(LOCKED_SIX),
    });
    expect(error).toMatchObject({ details: { class: "lock_drift" } });
    expect(String(error)).toContain("Run `pipenv lock`");
  });

  test.each([
    [
      "a repository",
      pipfileLock({ x: { git: "https://github.com/o/x.git", ref: "abc" } }),
      "unsupported",
      "takes x from a repository",
    ],
    ["a path", pipfileLock({ x: { editable: true, path: "." } }), "unsupported", "takes x from"],
    ["no hash", pipfileLock({ six: { version: "==1" } }), "lock_unreadable", "no hash for six"],
    [
      "an index with credentials",
      pipfileLock(LOCKED_SIX, [{ name: "mine", url: "https://me:$PASSWORD@example.com/simple" }]),
      "index_refused",
      'the source "mine"',
    ],
    [
      "an option of the installer's",
      pipfileLock({ six: { hashes: ["sha256:aa"], version: "==1\n--no-binary six" } }),
      "lock_unreadable",
      "--no-binary",
    ],
    ["no JSON", "{", "lock_unreadable", "not valid JSON"],
    ["no packages", '{"_meta": {}}', "lock_unreadable", "/default"],
  ])("%s in Pipfile.lock is refused with a reason", async (_, lock, kind, named) => {
    const error = await refusalOf({ "Pipfile.lock": lock });
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: kind } });
    expect(String(error)).toContain(named);
    expect(String(error)).not.toContain("PASSWORD");
  });
});
