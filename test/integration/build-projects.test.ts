import { expect, setDefaultTimeout, test } from "bun:test";

import { sdist, wheel, wheelName } from "../helpers/wheel.ts";
import { buildFiles } from "./harness-build.ts";

setDefaultTimeout(300_000);

const SIX = 'import six\nprint("six", six.__version__)\n';

test("a package without a wheel in a uv.lock is built, and the rest is installed as it is", async () => {
  const hash = "49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491";
  await using image = await buildFiles({
    "main.py": "import docopt\nprint(docopt.__version__)\n",
    "pyproject.toml": '[project]\nname = "demo"\nversion = "1"\ndependencies = ["docopt"]\n',
    "uv.lock": `version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "demo"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "docopt" }]

[package.metadata]
requires-dist = [{ name = "docopt" }]

[[package]]
name = "docopt"
version = "0.6.2"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/packages/docopt-0.6.2.tar.gz", hash = "sha256:${hash}" }
`,
  });
  expect(await image.run()).toBe("0.6.2\n");
});

test("a uv.lock takes a wheel from the upload, and the groups that the project installs by default", async () => {
  const file = `wheels/${wheelName("vendored", "1")}`;
  const bytes = wheel("vendored", "1", { "vendored.py": 'NAME = "vendored"\n' });
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  await using image = await buildFiles({
    "main.py": "import vendored\nprint(vendored.NAME)\n",
    [file]: bytes,
    "pyproject.toml": `[project]
name = "demo"
version = "1"
requires-python = ">=3.9"

[dependency-groups]
runtime = ["vendored"]

[tool.uv]
default-groups = ["runtime"]

[tool.uv.sources]
vendored = { path = "${file}" }
`,
    "uv.lock": `version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "demo"
version = "1"
source = { virtual = "." }

[package.dev-dependencies]
runtime = [{ name = "vendored" }]

[package.metadata]

[package.metadata.requires-dev]
runtime = [{ name = "vendored", path = "${file}" }]

[[package]]
name = "vendored"
version = "1"
source = { path = "${file}" }
wheels = [{ filename = "${wheelName("vendored", "1")}", hash = "sha256:${hash}" }]
`,
  });
  expect(await image.run()).toBe("vendored\n");
});

test("a pyproject.toml without a lock takes a wheel and a source archive from the upload", async () => {
  const file = `wheels/${wheelName("vendored", "1")}`;
  await using image = await buildFiles({
    "main.py": "import vendored, archived\nprint(vendored.NAME, archived.NAME)\n",
    [file]: wheel("vendored", "1", { "vendored.py": 'NAME = "vendored"\n' }),
    "archived-1.tar.gz": await sdist("archived", "1", {
      "setup.py":
        'from setuptools import setup\nsetup(name="archived", version="1", py_modules=["archived"])\n',
      "archived.py": 'NAME = "archived"\n',
    }),
    "pyproject.toml": `[project]
name = "demo"
version = "1"
requires-python = ">=3.9"
dependencies = ["vendored", "archived"]

[tool.uv.sources]
vendored = { path = "${file}" }
archived = { path = "archived-1.tar.gz" }
`,
  });
  expect(await image.run()).toBe("vendored archived\n");
});

test("a workspace without a lock is locked for what the agent depends on, in one environment", async () => {
  await using image = await buildFiles({
    "main.py": "import member\nprint(member.six.__version__)\n",
    "pyproject.toml": `[project]
name = "root"
version = "1"
requires-python = ">=3.9"
dependencies = ["member"]

[project.optional-dependencies]
never = ["oken-no-such-package"]

[dependency-groups]
dev = ["six<1"]

[tool.uv.workspace]
members = ["packages/*"]

[tool.uv.sources]
member = { workspace = true }
`,
    "packages/member/pyproject.toml":
      '[project]\nname = "member"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six==1.16.0"]\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    "packages/member/member.py": "import six\n",
    "packages/other/pyproject.toml":
      '[project]\nname = "other"\nversion = "1"\nrequires-python = "<3.9"\ndependencies = ["six==1.15.0"]\n',
  });
  expect(await image.run()).toBe("1.16.0\n");
});

test("a poetry.lock that does not say its groups binds the versions", async () => {
  await using image = await buildFiles({
    "main.py": SIX,
    "pyproject.toml":
      '[tool.poetry]\nname = "demo"\nversion = "1"\n[tool.poetry.dependencies]\npython = "^3.9"\nsix = "^1.10"\n',
    "poetry.lock":
      '[[package]]\nname = "six"\nversion = "1.15.0"\noptional = false\nfiles = []\n\n[metadata]\nlock-version = "2.0"\n',
  });
  expect(image.dependencyStyle).toBe("poetry.lock");
  expect(await image.run()).toBe("six 1.15.0\n");
});
