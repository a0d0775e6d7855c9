import { join } from "node:path";

import type { PackageIndex } from "../helpers/package-index.ts";
import type { Files } from "../helpers/tree.ts";
import { sdist, wheel, wheelName } from "../helpers/wheel.ts";

/** A project, how its own tool locks it, and how the tool lists what is to be installed. */
export type LockedProject = {
  title: string;
  /** What `planDependencies` calls it. */
  style: string;
  files: (index: PackageIndex) => Files;
  lock: string[];
  list: string[];
  /** A file, and an edit of it that leaves the lock stale. */
  edit: { file: string; from: string; to: string };
};

const REQUIRES = [
  "beta>=1",
  "only-windows; sys_platform == 'win32'",
  "only-old; python_version < '3.12'",
  "only-new; python_version >= '3.12'",
  "gamma; extra == 'fast'",
];

/** The packages of an index that knows every kind of thing which a lock can say of one. */
export async function indexFiles(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  return {
    ...release("alpha", "1.5", REQUIRES, ["fast"]),
    ...release("alpha", "2.0", REQUIRES, ["fast"]),
    ...release("beta", "1.0"),
    ...release("beta", "1.1", ["Mixed_Name.pkg"]),
    ...release("gamma", "1.0"),
    "gamma-1.0.tar.gz": await sdist("gamma", "1.0", { "setup.py": "" }),
    ...release("mixed_name_pkg", "3.0"),
    ...release("only_windows", "1.0"),
    ...release("only_old", "1.0"),
    ...release("only_new", "1.0"),
    ...release("optional", "1.0"),
    ...release("tool", "1.0", ["beta>=1"]),
    ...release("direct", "1.0"),
  };
}

export const PROJECTS: LockedProject[] = [
  {
    title: "uv.lock: extras, groups, markers, and a wheel by its address",
    style: "uv.lock",
    files: (index) => ({
      "pyproject.toml": `[project]
name = "demo"
version = "1"
requires-python = "~=3.11"
dependencies = ["alpha[fast] >= 1, < 2", "direct @ ${fileUrl(index, "direct")}", "only-windows; os_name == 'nt'"]

[project.optional-dependencies]
more = ["optional"]

[dependency-groups]
dev = ["tool"]
serve = ["Mixed.Name-pkg"]

[tool.uv]
default-groups = ["dev", "serve"]
`,
    }),
    lock: ["uv", "lock"],
    list: ["uv", "export", "--locked", "--no-dev", "--no-emit-project"],
    edit: { file: "pyproject.toml", from: "< 2", to: "< 3" },
  },
  {
    title: "the lock beside a script",
    style: "main.py.lock",
    files: () => ({
      "main.py":
        '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["alpha[fast]!=2.0.0-rev1", "tool"]\n# ///\n',
    }),
    lock: ["uv", "lock", "--script", "main.py"],
    list: ["uv", "export", "--locked", "--script", "main.py"],
    edit: { file: "main.py", from: '"tool"', to: '"optional"' },
  },
  {
    title: "poetry.lock of a project in Poetry's own words",
    style: "poetry.lock",
    files: (index) => ({
      "pyproject.toml": `[tool.poetry]
name = "demo"
version = "1"
package-mode = false

[tool.poetry.dependencies]
python = "^3.11"
alpha = { version = "^1.5", extras = ["fast"] }
only-windows = { version = "*", platform = "win32" }
only-old = { version = "*", python = "<3.12" }
optional = { version = "*", optional = true }
direct = { url = "${fileUrl(index, "direct")}" }

[tool.poetry.extras]
more = ["optional"]

[tool.poetry.group.dev.dependencies]
tool = "*"

${poetrySource(index)}`,
    }),
    lock: ["poetry", "lock"],
    list: ["poetry", "export", "--only", "main"],
    edit: { file: "pyproject.toml", from: '"^1.5"', to: '"^1.4"' },
  },
  {
    title: "poetry.lock of a project in the words of the standard",
    style: "poetry.lock",
    files: (index) => ({
      "pyproject.toml": `[project]
name = "demo"
version = "1"
requires-python = ">=3.11,<4"
dependencies = ["alpha[fast] >=1", "only-new; python_version >= '3.12'"]

[project.optional-dependencies]
more = ["optional"]

[dependency-groups]
dev = ["tool"]

[tool.poetry]
package-mode = false

${poetrySource(index)}`,
    }),
    lock: ["poetry", "lock"],
    list: ["poetry", "export", "--only", "main"],
    edit: { file: "pyproject.toml", from: '["tool"]', to: '["beta"]' },
  },
  {
    title: "pdm.lock: extras, groups and markers",
    style: "pdm.lock",
    files: () => ({
      "pyproject.toml": `[project]
name = "demo"
version = "1"
requires-python = ">=3.11"
dependencies = ["alpha[fast]<2", "only-windows; sys_platform == 'win32'"]

[project.optional-dependencies]
more = ["optional"]

[dependency-groups]
dev = ["tool"]

[tool.pdm]
distribution = false
`,
    }),
    lock: ["pdm", "lock"],
    list: ["pdm", "export", "--prod", "--format", "requirements"],
    edit: { file: "pyproject.toml", from: '"alpha[fast]<2"', to: '"alpha[fast]<2", "direct"' },
  },
  {
    title: "Pipfile.lock: extras, markers and packages for development",
    style: "Pipfile.lock",
    files: (index) => ({
      Pipfile: `[[source]]
url = "${index.url}"
verify_ssl = false
name = "here"

[packages]
alpha = {version = "<2", extras = ["fast"]}
only-old = {version = "*", markers = "python_version < '3.12'"}

[dev-packages]
tool = "*"
`,
    }),
    lock: ["pipenv", "lock"],
    list: ["pipenv", "requirements", "--hash"],
    edit: { file: "Pipfile", from: '"<2"', to: '"<3"' },
  },
];

function release(
  name: string,
  version: string,
  requires: string[] = [],
  extras: string[] = [],
): Record<string, Uint8Array<ArrayBuffer>> {
  const lines = [
    "Metadata-Version: 2.1",
    `Name: ${name}`,
    `Version: ${version}`,
    ...requires.map((requirement) => `Requires-Dist: ${requirement}`),
    ...extras.map((extra) => `Provides-Extra: ${extra}`),
  ];
  const metadata = { [join(`${name}-${version}.dist-info`, "METADATA")]: `${lines.join("\n")}\n` };
  return { [wheelName(name, version)]: wheel(name, version, metadata) };
}

function fileUrl({ url }: PackageIndex, name: string): string {
  return new URL(`/files/${wheelName(name, "1.0")}`, url).href;
}

/** Poetry asks no index but those of the project. */
function poetrySource({ url }: PackageIndex): string {
  return `[[tool.poetry.source]]\nname = "here"\nurl = "${url}"\npriority = "primary"\n`;
}
