import { describe, expect, test } from "bun:test";
import { parse } from "smol-toml";

import { table, tables } from "../../src/manifest/toml.ts";
import { planOf, refusalOf } from "../helpers/plan.ts";

/** A `pyproject.toml` with `dependencies`, and what follows. */
const project = (dependencies: string[], rest = "", requires = ">=3.8") =>
  `[project]\nname = "demo"\nversion = "1"\nrequires-python = "${requires}"\ndependencies = ${JSON.stringify(dependencies)}\n${rest}`;

/** What the reduced `pyproject.toml` says that the build resolves from. */
async function resolvedOf(pyproject: string) {
  const plan = await planOf({ "pyproject.toml": pyproject });
  const document = parse(plan.files["pyproject.toml"] ?? "");
  const project = table(document["project"]) ?? {};
  const uv = table(table(document["tool"])?.["uv"]) ?? {};
  return { plan, project, uv };
}

describe("a project without a lock is resolved for the agent's own Python and machine", () => {
  test.each([
    ["3.12", "linux/x86_64", "==3.12.*,>=3.8", "x86_64"],
    ["3.13", "linux/amd64", "==3.13.*,>=3.8", "x86_64"],
    ["3.9", "linux/arm64", "==3.9.*,>=3.8", "aarch64"],
    ["3.14", "linux/aarch64", "==3.14.*,>=3.8", "aarch64"],
    ["3.12", "linux/riscv64", "==3.12.*,>=3.8", "riscv64"],
  ])("Python %s on %s", async (pythonVersion, platform, requires, machine) => {
    const { files } = await planOf(
      { "pyproject.toml": project(["numpy>=2.1"]) },
      { pythonVersion, platform },
    );
    expect(parse(files["pyproject.toml"] ?? "")).toMatchObject({
      project: { "requires-python": requires },
      tool: {
        uv: {
          environments: [
            `sys_platform == 'linux' and implementation_name == 'cpython' and platform_machine == '${machine}'`,
          ],
        },
      },
    });
  });

  test("inline metadata of a script is resolved so, too", async () => {
    const { files } = await planOf({ "main.py": "# /// script\n# dependencies = ['numpy']\n# ///\n" });
    expect(files["pyproject.toml"]).toContain('requires-python = "==3.12.*"');
  });

  test("environments that the project names for its own lock do not count", async () => {
    const windows = `[tool.uv]\nenvironments = ["sys_platform == 'win32'"]\nrequired-environments = ["sys_platform == 'darwin'"]\n`;
    expect(JSON.stringify((await resolvedOf(project(["six"], windows))).uv)).not.toMatch(/win32|darwin/);
  });
});

const GROUPS = `[dependency-groups]
dev = ["pytest>=8", { include-group = "Lint_Tools" }]
lint-tools = ["ruff"]
Serve = ["uvicorn", { include-group = "http" }]
http = ["httpx"]
`;

/** Each of sixty includes the next one twice. */
const DOUBLED = `${Array.from({ length: 60 }, (_, at) => {
  const next = `{ include-group = "g${at + 1}" }`;
  return `g${at} = [${next}, ${next}]\n`;
}).join("")}g60 = ["rich"]\n`;

const OWN_EXTRAS = `[project.optional-dependencies]
all = ["demo[cpu,http]"]
cpu = ["torch==2.5"]
cuda = ["torch==2.4"]
http = ["httpx"]
`;

describe("of a project's groups and extras only those that are installed are resolved", () => {
  test.each<[title: string, rest: string, dependencies: string[], extras: string[]]>([
    ["no group by itself", GROUPS, ["six"], []],
    ["dev is for work on the project", `${GROUPS}[tool.uv]\ndefault-groups = ["dev"]\n`, ["six"], []],
    [
      "a default group, with what it includes, by any spelling",
      `${GROUPS}[tool.uv]\ndefault-groups = ["serve"]\n`,
      ["six", "uvicorn", "httpx"],
      [],
    ],
    [
      "all groups but dev",
      `${GROUPS}[tool.uv]\ndefault-groups = "all"\n`,
      ["six", "ruff", "uvicorn", "httpx"],
      [],
    ],
    [
      "a group that many include, and once",
      `[dependency-groups]\n${DOUBLED}[tool.uv]\ndefault-groups = ["g0"]\n`,
      ["six", "rich"],
      [],
    ],
    ["no extra that nobody asks for", OWN_EXTRAS, ["six"], []],
    [
      "the extras that a default group asks for",
      `${OWN_EXTRAS}[dependency-groups]\nmain = ["demo[all]"]\n[tool.uv]\ndefault-groups = ["main"]\n`,
      ["six", "demo[all]"],
      ["all", "cpu", "http"],
    ],
  ])("%s", async (_, rest, dependencies, extras) => {
    const { project: resolved } = await resolvedOf(project(["six"], rest));
    expect(resolved["dependencies"]).toEqual(dependencies);
    expect(Object.keys(table(resolved["optional-dependencies"]) ?? {})).toEqual(extras);
  });

  test.each([
    ["a group that is not there", `[tool.uv]\ndefault-groups = ["serve"]\n`, "serve"],
    [
      "a group that includes itself",
      `[dependency-groups]\na = [{ include-group = "b" }]\nb = [{ include-group = "a" }]\n[tool.uv]\ndefault-groups = ["a"]\n`,
      "a -> b -> a",
    ],
    [
      "a group that includes one that is not there",
      `[dependency-groups]\na = [{ include-group = "b" }]\n[tool.uv]\ndefault-groups = ["a"]\n`,
      "a -> b",
    ],
  ])("%s is named", async (_, rest, named) => {
    expect(await refusalOf({ "pyproject.toml": project([], rest) })).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining(named),
      details: { class: "syntax" },
    });
  });

  test("a broken group that is not installed stops nothing", async () => {
    const broken = `[dependency-groups]\ndev = [{ include-group = "gone" }, 1]\n`;
    expect((await resolvedOf(project(["six"], broken))).project["dependencies"]).toEqual(["six"]);
  });
});

const SOURCES = `[project.optional-dependencies]
cpu = ["torch"]
cuda = ["torch"]
private = ["secret-sauce"]
[dependency-groups]
dev = ["devtool"]
serve = ["tool"]
[tool.uv]
default-groups = ["serve"]
conflicts = [[{ extra = "cpu" }, { extra = "cuda" }]]
[tool.uv.sources]
torch = [{ index = "cpu", extra = "cpu" }, { index = "cuda", extra = "cuda" }]
secret-sauce = { index = "inside" }
devtool = { path = "../devtool" }
Tool = { index = "tools", group = "serve" }
[[tool.uv.index]]
name = "cpu"
url = "https://example.com/cpu"
explicit = true
[[tool.uv.index]]
name = "cuda"
url = "https://example.com/cuda"
explicit = true
[[tool.uv.index]]
name = "inside"
url = "https://10.0.0.1/simple"
explicit = true
[[tool.uv.index]]
name = "tools"
url = "https://example.com/tools"
explicit = true
[[tool.uv.index]]
name = "everything"
url = "https://example.com/all"
`;

const LAST_OF_URL: Record<string, string> = { inside: "simple", everything: "all" };

describe("sources and indexes of what is not installed are not asked", () => {
  test.each([
    ["the plain project", ["six"], { Tool: { index: "tools" } }, ["tools", "everything"]],
    [
      "one extra of its own",
      ["demo[cpu]"],
      { torch: [{ index: "cpu", extra: "cpu" }], Tool: { index: "tools" } },
      ["cpu", "tools", "everything"],
    ],
    [
      "the private extra",
      ["demo[private]"],
      { "secret-sauce": { index: "inside" }, Tool: { index: "tools" } },
      ["inside", "tools", "everything"],
    ],
  ])("%s", async (_, dependencies, sources, indexes) => {
    const { uv, plan } = await resolvedOf(project(dependencies, SOURCES));
    expect(uv["sources"]).toEqual(sources);
    expect(tables(uv["index"]).map((index) => index["name"])).toEqual(indexes);
    expect(uv["conflicts"]).toBeUndefined();
    expect(
      plan.files["indexes"]
        ?.trimEnd()
        .split("\n")
        .map((line) => line.split("/").at(-1) ?? ""),
    ).toEqual(indexes.map((name) => LAST_OF_URL[name] ?? name));
  });
});

const member = (name: string, rest: string) => `[project]\nname = "${name}"\nversion = "1"\n${rest}`;

describe("of a workspace only the members that the agent depends on are resolved", () => {
  const files = {
    "pyproject.toml": project(
      ["used[fast]"],
      `[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.uv.sources]\nused = { workspace = true }\n`,
    ),
    "packages/used/pyproject.toml": member(
      "used",
      `dependencies = ["rich"]\n[project.optional-dependencies]\nfast = ["orjson"]\nslow = ["json5"]\n[dependency-groups]\nother = ["click"]\n[tool.uv]\ndefault-groups = ["other"]\n`,
    ),
    "packages/unused/pyproject.toml": member(
      "unused",
      `requires-python = ">=3.14"\ndependencies = ["django<2"]\n`,
    ),
  };

  test("with the extras that are asked for", async () => {
    const plan = await planOf(files);
    expect(parse(plan.files["packages/used/pyproject.toml"] ?? "")).toMatchObject({
      project: { dependencies: ["rich"], "optional-dependencies": { fast: ["orjson"] } },
    });
    expect(plan.files["packages/used/pyproject.toml"]).not.toMatch(/json5|click/);
  });

  test("another member is only named, and importable", async () => {
    const plan = await planOf(files);
    expect(parse(plan.files["packages/unused/pyproject.toml"] ?? "")["project"]).toEqual({
      name: "unused",
      version: "0",
    });
    expect(plan.importable).toContain("packages/unused");
  });
});
