import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { planDependencies } from "../../src/dependencies/detect.ts";
import type { DependencyPlan } from "../../src/dependencies/plan.ts";
import { writeTree } from "../helpers/tree.ts";

async function plan(files: Record<string, string>): Promise<DependencyPlan> {
  await using tree = await temporaryTree(files);
  return await planDependencies(tree.path, "main.py");
}

async function temporaryTree(files: Record<string, string>) {
  const path = await mkdtemp(join(tmpdir(), "oken-test-"));
  await writeTree(path, files);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const failure = (files: Record<string, string>) => plan(files).catch((error: unknown) => error);

const PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\n';
const LOCK = `version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "demo"
version = "1"
source = { virtual = "." }

[package.metadata]
requires-dist = [{ name = "six", specifier = ">=1.16,<2" }]

[package.metadata.requires-dev]
dev = [{ name = "pytest", specifier = ">=8" }]
`;
const POETRY_LOCK = `[[package]]
name = "six"
version = "1.16.0"
optional = false
groups = ["main"]
markers = "python_version >= \\"3.9\\""
files = [{file = "six.whl", hash = "sha256:aa"}]

[[package]]
name = "pytest"
version = "8.0.0"
optional = false
groups = ["dev"]
files = [{file = "pytest.whl", hash = "sha256:bb"}]

[metadata]
lock-version = "2.1"
`;

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
      expect((await plan(files)).style as string).toBe(file === "main.py" ? "script" : file);
    },
  );

  test("nothing names a dependency", async () => {
    expect(await plan({ "main.py": "" })).toMatchObject({ style: "none", lock: undefined });
  });

  test("a pyproject.toml of tools alone leaves it to requirements.txt", async () => {
    const files = { "pyproject.toml": "[tool.ruff]\nline-length = 100\n", "requirements.txt": "six\n" };
    expect(await plan(files)).toMatchObject({ style: "requirements.txt" });
  });

  test("a link is as good as absent", async () => {
    await using tree = await temporaryTree({ "main.py": "", "real.txt": "six\n" });
    await symlink("real.txt", join(tree.path, "requirements.txt"));
    expect(await planDependencies(tree.path, "main.py")).toMatchObject({ style: "none" });
  });
});

const locked = (dependencies: string, groups = '[dependency-groups]\ndev = ["pytest>=8"]\n') => ({
  "uv.lock": LOCK,
  "pyproject.toml": `${PROJECT}dependencies = ${dependencies}\n${groups}`,
});

describe("a uv.lock that no longer matches is an error that names the difference", () => {
  test.each([
    ["spaces and order do not matter", locked('["six < 2, >= 1.16"]')],
    ["a new version of the project does not matter", { ...locked('["six>=1.16,<2"]') }],
  ])("%s", async (_, files) => {
    expect(await plan(files)).toMatchObject({ style: "uv.lock", locked: true });
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
    const error = await failure(files);
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "lock_drift" } });
    expect(String(error)).toContain(named);
    expect(String(error)).toContain("Run `uv lock`");
  });
});

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

  test("is the list that is installed, and is named", async () => {
    const result = await plan({ "main.py": SCRIPT(matching), "main.py.lock": SCRIPT_LOCK });
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
    const error = await failure({ "main.py": script, "main.py.lock": SCRIPT_LOCK });
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "lock_drift" } });
    expect(String(error)).toContain(named);
    expect(String(error)).toContain("main.py.lock no longer matches main.py");
    expect(String(error)).toContain("Run `uv lock --script main.py`");
  });

  test("is an error without the metadata, and none where another file names the packages", async () => {
    const error = await failure({ "main.py": "import six\n", "main.py.lock": SCRIPT_LOCK });
    expect(error).toMatchObject({ details: { class: "lock_without_project" } });
    const files = { "main.py": "", "main.py.lock": SCRIPT_LOCK, "requirements.txt": "six\n" };
    expect(await plan(files)).toMatchObject({ style: "requirements.txt" });
  });

  test("has its packages looked for where they were found", async () => {
    const elsewhere = `${SCRIPT_LOCK}
[[package]]
name = "torch"
version = "2.4.0+cpu"
source = { registry = "https://download.pytorch.org/whl/cpu" }
`;
    const { files } = await plan({ "main.py": SCRIPT(matching), "main.py.lock": elsewhere });
    expect(files["indexes"]).toBe("--extra-index-url https://download.pytorch.org/whl/cpu\n");
  });

  test("is asked for by its own command where it is not there", async () => {
    const { warnings } = await plan({ "main.py": SCRIPT(matching) });
    expect(warnings.join()).toContain("`uv lock --script main.py` makes one");
  });
});

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
  test("Pipfile.lock is the list, without the packages for development", async () => {
    const uvicorn = {
      extras: ["standard"],
      hashes: ["sha256:dd"],
      markers: "python_version >= '3.8'",
      version: "==0.30.0",
    };
    const result = await plan({ Pipfile: PIPFILE, "Pipfile.lock": pipfileLock({ ...LOCKED_SIX, uvicorn }) });
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

  test("another index is asked as well, and PyPI as everyone asks it", async () => {
    const sources = [
      { name: "pypi", url: "https://pypi.org/simple" },
      { name: "mine", url: "https://example.com/simple" },
    ];
    const { files } = await plan({ "Pipfile.lock": pipfileLock(LOCKED_SIX, sources) });
    expect(files["requirements.lock"]).toStartWith(
      "--extra-index-url https://example.com/simple\nsix==1.17.0",
    );
  });

  test("a Pipfile alone is never taken for an agent without dependencies", async () => {
    const error = await failure({ Pipfile: PIPFILE });
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "lock_missing" } });
    expect(JSON.stringify(error) + String(error)).toMatch(/Pipfile is there without Pipfile\.lock/);
    expect(error).toMatchObject({ details: { hint: expect.stringContaining("`pipenv lock`") } });
    expect(await plan({ Pipfile: "[packages]\n", "main.py": "" })).toMatchObject({ style: "none" });
  });

  test("a Pipfile that was edited since is drift", async () => {
    const error = await failure({
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
    const error = await failure({ "Pipfile.lock": lock });
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: kind } });
    expect(String(error)).toContain(named);
    expect(String(error)).not.toContain("PASSWORD");
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
  const first = await plan({ "pyproject.toml": editedProject("1", "a") });
  const second = await plan({ "pyproject.toml": editedProject("2", "b") });
  expect(second.files).toEqual(first.files);
  expect(JSON.stringify(first.files)).not.toMatch(/hostile|elsewhere|no-binary|description/);
});

const lines = async (files: Record<string, string>) =>
  (await plan(files)).files["requirements.in"]?.split("\n").filter((line) => line !== "");

describe("requirements.txt", () => {
  test("includes, constraints, comments and continued lines are read as pip reads them", async () => {
    const result = await plan({
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

  test.each([
    "--no-binary six",
    "--no-binary=:all:",
    "--only-binary :all:",
    "--trusted-host example.com",
    "--no-build-isolation",
  ])("%s is dropped", async (option) => {
    expect(await lines({ "requirements.txt": `${option}\nsix\n` })).toEqual(["six"]);
  });

  test.each(["six --no-binary six", "six --global-option=x", "six --config-settings a=b"])(
    "an option after a requirement is dropped: %s",
    async (line) => {
      expect(await lines({ "requirements.txt": `${line}\n` })).toEqual(["six"]);
    },
  );

  test("indexes of the upload are asked as pip asks them", async () => {
    const result = await plan({
      "requirements.txt": "--extra-index-url https://example.com/whl/cpu\ntorch\n",
    });
    expect(result.files["indexes"]).toBe("--extra-index-url https://example.com/whl/cpu\n");
    expect(result.compileFlags).toContain("unsafe-best-match");
  });

  test("an exact list with hashes is installed as it is", async () => {
    const list = "six==1.16.0 --hash=sha256:aa --hash=sha256:bb\n";
    expect(await plan({ "requirements.txt": list })).toMatchObject({
      locked: true,
      files: { "requirements.lock": list },
    });
  });

  test("a project of the upload brings its own requirements and is made importable", async () => {
    const result = await plan({
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
    expect(await lines({ "requirements.txt": "six==1.16.0 --hash=sha256:aa\nrich\n" })).toEqual([
      "six==1.16.0 --hash=sha256:aa",
      "rich",
    ]);
  });

  test("a wheel of the upload is installed", async () => {
    const result = await plan({
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
      await lines({ "requirements.txt": "git+https://github.com/psf/requests.git@v2.32.0#egg=requests\n" }),
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
    const error = await failure({ "requirements.txt": `six\n${line}\n` });
    expect(error).toMatchObject({ code: "BUILD_FAILED" });
    expect(String(error)).toContain(named);
  });
});

const SETUP_CFG = "[options]\ninstall_requires =\n    six==1.16.0\n    --no-binary six\n";
const library = (dependencies: string) => ({
  "requirements.txt": "./lib\n",
  "lib/pyproject.toml": `[project]\nname = "lib"\nversion = "1"\ndependencies = [${dependencies}]\n`,
});

const poetryProject = (dependencies: string) =>
  `[tool.poetry]\nname = "demo"\n\n[tool.poetry.dependencies]\npython = "^3.9"\n${dependencies}`;

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
    const error = await failure({ ...files });
    expect(error).toMatchObject({ code: "BUILD_FAILED" });
    expect(String(error)).toContain("no-binary");
  });
});

describe("Poetry", () => {
  test("a lock that groups its packages is the list, without the other groups", async () => {
    const result = await plan({
      "pyproject.toml": poetryProject('six = "^1.16"\n'),
      "poetry.lock": POETRY_LOCK,
    });
    expect(result).toMatchObject({ lock: "requirements.lock", locked: true });
    expect(result.files["requirements.lock"]).toBe(
      'six==1.16.0 ; python_version >= "3.9" \\\n    --hash=sha256:aa\n',
    );
  });

  test("an older lock binds what the project asks for", async () => {
    const result = await plan({
      "pyproject.toml": poetryProject('six = "^1.16"\n'),
      "poetry.lock": POETRY_LOCK.replaceAll(/^groups.*\n|^markers.*\n/gm, ""),
    });
    expect(result.files).toMatchObject({
      "requirements.in": "six>=1.16,<2\n",
      "constraints.txt": "six==1.16.0\npytest==8.0.0\n",
    });
  });

  test("a package that the lock does not have is drift", async () => {
    const error = await failure({
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
    expect((await plan({ "pyproject.toml": poetryProject(`${text}\n`) })).files["requirements.in"]).toBe(
      `${expected}\n`,
    );
  });
});

const setup = (args: string) => `from setuptools import setup\nsetup(name="demo", version="3",\n${args})\n`;

describe("setup.py is read, not run", () => {
  test("a written list is taken, comments left out", async () => {
    const result = await plan({
      "setup.py": setup("install_requires=[\n 'six>=1', # one\n \"rich[x]\",\n]"),
    });
    expect(result.files["requirements.in"]).toBe("six>=1\nrich[x]\n");
    expect(result).toMatchObject({
      style: "setup.py",
      dynamic: [],
      projects: [{ name: "demo", version: "3" }],
    });
  });

  test("setup.cfg is read where setup.py leaves it to it", async () => {
    const result = await plan({
      "setup.py": "import setuptools; setuptools.setup()\n",
      "setup.cfg":
        "[metadata]\nname = demo\n[options]\ninstall_requires =\n    six>=1\n    rich ; python_version > '3'\n",
    });
    expect(result.files["requirements.in"]).toBe("six>=1\nrich ; python_version > '3'\n");
  });

  test.each([
    ["a computed list", setup("install_requires=open('r.txt').read().split()")],
    ["a list with a variable", setup("install_requires=['six', EXTRA]")],
    ["passed-on settings", "from setuptools import setup\nsetup(**config)\n"],
  ])("%s is left to the isolated build", async (_, text) => {
    expect(await plan({ "setup.py": text })).toMatchObject({ dynamic: ["."] });
  });

  test("extension modules are built", async () => {
    expect(await plan({ "setup.py": setup("ext_modules=[Extension('a', ['a.c'])]") })).toMatchObject({
      builds: ["."],
    });
  });
});

test("inline metadata asks for packages as a project does", async () => {
  const result = await plan({
    "main.py":
      '#!/usr/bin/env python\n# /// script\n# requires-python = ">=3.10"\n# dependencies = [\n#   "six",\n# ]\n# ///\nimport six\n',
  });
  expect(result).toMatchObject({ style: "script", lock: "uv.lock", locked: false });
  expect(result.files["pyproject.toml"]).toContain('requires-python = ">=3.10"');
});

describe("text that cannot be read is refused with its line", () => {
  test.each([
    ["pyproject.toml", { "pyproject.toml": "[project\n" }],
    ["uv.lock", { "pyproject.toml": PROJECT, "uv.lock": "version = \n" }],
    ["The inline metadata of main.py", { "main.py": "# /// script\n# dependencies = [\n# ///\n" }],
  ])("%s", async (name, files) => {
    const error = await failure(files);
    expect(error).toMatchObject({ code: "BUILD_FAILED", details: { class: "syntax" } });
    expect(String(error)).toContain(name);
  });

  test("a uv.lock of a later format", async () => {
    const error = await failure({ "pyproject.toml": PROJECT, "uv.lock": "version = 99\n" });
    expect(error).toMatchObject({ details: { class: "lock_unreadable" } });
  });
});
