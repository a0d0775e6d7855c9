import { createHash } from "node:crypto";
import { posix } from "node:path";

import { planPdmLock, planPoetryLock } from "./foreign-lock.ts";
import type { DependencyPlan } from "./plan.ts";
import { newPlan } from "./plan.ts";
import { dependencyError } from "../lib/dependency-error.ts";
import { isExact, requirementsText } from "./lock.ts";
import { planPipfile } from "./pipfile.ts";
import { poetryRequirements } from "./poetry.ts";
import { addLocalProject, readProject } from "./project.ts";
import { installPyproject, resolvePyproject } from "./pyproject.ts";
import { parsePyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table } from "../manifest/toml.ts";
import type { Pyproject } from "../manifest/pyproject.ts";
import { LOCAL_FILE_PLACEHOLDER, readRequirements } from "./requirements.ts";
import type { Requirements } from "./requirements.ts";
import { scriptProject } from "../manifest/script.ts";
import { type SourceTree, openTree } from "../upload/tree.ts";
import { planScriptLock, planUvLock } from "./uv-lock.ts";
import { workspaceFiles } from "./workspace.ts";

const UNLOCKED = "No lock was shipped, so the versions were chosen at this deploy: `uv lock` makes one.";

/** Decides where the dependencies of the upload at `root` are named; the first place that has some wins. */
export async function planDependencies(root: string, entrypointFile: string): Promise<DependencyPlan> {
  const tree = openTree(root);
  const text = await tree.text("pyproject.toml");
  const pyproject = text === undefined ? undefined : parsePyproject(text);
  const poetry = table(pyproject?.tool["poetry"]);

  const lock = await tree.text("uv.lock");
  if (lock !== undefined) {
    if (pyproject === undefined) throw withoutProject("uv.lock");
    return planUvLock(tree, lock, pyproject);
  }
  const poetryLock = await tree.text("poetry.lock");
  if (poetryLock !== undefined) {
    if (pyproject === undefined) throw withoutProject("poetry.lock");
    return withRoot(tree, pyproject, await planPoetryLock(tree, poetryLock, pyproject));
  }
  const pdmLock = await tree.text("pdm.lock");
  if (pdmLock !== undefined) {
    if (pyproject === undefined) throw withoutProject("pdm.lock");
    return withRoot(tree, pyproject, await planPdmLock(tree, pdmLock, pyproject));
  }
  if (pyproject?.project !== undefined) return withRoot(tree, pyproject, await planProject(tree, pyproject));
  if (pyproject !== undefined && poetry?.["dependencies"] !== undefined) {
    const { lines, localDirectories, warnings } = poetryRequirements(poetry);
    const plan = newPlan({
      style: "pyproject.toml",
      reason: "pyproject.toml has [tool.poetry] and no lock is beside it",
      lock: "requirements.lock",
      warnings: [...warnings, "There is no poetry.lock: the versions were chosen at this deploy."],
    });
    return withRoot(tree, pyproject, await finishList({ tree, plan, lines, localDirectories }));
  }
  if (await tree.has("requirements.txt")) return planRequirements(tree);
  const script = (await planPipfile(tree)) ?? (await planScript(tree, entrypointFile));
  if (script !== undefined) return script;
  if (await tree.has("setup.py")) return planSetup(tree);
  return newPlan({ style: "none", reason: "no file names a dependency", lock: undefined });
}

/** Inline metadata of the entrypoint (PEP 723), with the lock beside it if there is one. */
async function planScript(tree: SourceTree, file: string): Promise<DependencyPlan | undefined> {
  const script = scriptProject((await tree.text(file)) ?? "", file);
  const lock = await tree.text(`${file}.lock`);
  if (script === undefined) {
    if (lock !== undefined) throw withoutProject(`${file}.lock`, `inline metadata in ${file}`);
    return undefined;
  }
  if (lock !== undefined) return planScriptLock(tree, lock, { script, file });
  const plan = await planProject(tree, script);
  return {
    ...plan,
    style: "script",
    reason: `${file} has inline metadata (PEP 723)`,
    warnings: plan.warnings.map((text) => text.replace("`uv lock`", `\`uv lock --script ${file}\``)),
  };
}

async function planProject(tree: SourceTree, pyproject: Pyproject): Promise<DependencyPlan> {
  const project = pyproject.project ?? {};
  if (stringOf(project["name"]) === undefined) {
    throw dependencyError(
      "syntax",
      "pyproject.toml has a [project] table without a name.",
      'Add `name = "my-agent"` under [project].',
    );
  }
  const plan = newPlan({
    style: "pyproject.toml",
    reason: "pyproject.toml has [project] and no lock is beside it",
    lock: "uv.lock",
    warnings: [UNLOCKED],
  });
  const dynamic = strings(project["dynamic"]);
  if (dynamic.includes("dependencies")) {
    const source = await readProject(tree, ".");
    if (source.dependencies === undefined) {
      plan.dynamic.push(".");
      return finishList({
        tree,
        plan: { ...plan, lock: "requirements.lock" },
        lines: [],
        localDirectories: [],
      });
    }
    pyproject = { ...pyproject, project: { ...project, dependencies: source.dependencies } };
  }
  const { dependencies } = pyproject.project ?? {};
  if (strings(dependencies).length === 0 && pyproject.groups === undefined) {
    return { ...plan, lock: undefined, warnings: [] };
  }
  plan.files = {
    "pyproject.toml": resolvePyproject(pyproject),
    "install/pyproject.toml": installPyproject(pyproject),
    ...(await workspaceFiles({ tree, pyproject, plan })),
  };
  return plan;
}

async function planRequirements(tree: SourceTree): Promise<DependencyPlan> {
  const requirements = await readRequirements(tree, "requirements.txt");
  const { lines, localDirectories, localFiles, warnings } = requirements;
  // pip refuses a list with hashes that leaves anything out, so such a list needs no resolving.
  if (isExact(lines) && localDirectories.length === 0 && localFiles.length === 0) {
    const list = [...requirements.indexLines, ...lines].map((line) => `${line}\n`).join("");
    return newPlan({
      style: "requirements.txt",
      reason: "requirements.txt lists every package exactly",
      lock: "requirements.lock",
      locked: true,
      files: { "requirements.lock": list },
      warnings,
    });
  }
  const plan = newPlan({
    style: "requirements.txt",
    reason: "requirements.txt lists the packages",
    lock: "requirements.lock",
    warnings,
  });
  return finishList({ tree, plan, ...requirements });
}

async function planSetup(tree: SourceTree): Promise<DependencyPlan> {
  const plan = newPlan({
    style: "setup.py",
    reason: "setup.py describes the project",
    lock: "requirements.lock",
    warnings: [UNLOCKED],
  });
  return finishList({ tree, plan, lines: [], localDirectories: ["."] });
}

/** Turns requirement lines, and what projects of the upload ask for, into a list to resolve. */
async function finishList(
  options: { tree: SourceTree; plan: DependencyPlan } & Pick<Requirements, "lines" | "localDirectories"> &
    Partial<Requirements>,
): Promise<DependencyPlan> {
  const { tree, plan, constraints = [], indexLines = [], prerelease = false } = options;
  const lines = [...options.lines];
  for (const directory of options.localDirectories) {
    const source = await addLocalProject(tree, plan, { directory });
    if (source.dependencies === undefined) plan.dynamic.push(directory);
    else lines.push(...source.dependencies);
  }
  plan.importable = plan.importable.filter((directory) => directory !== ".");
  if (lines.length === 0 && plan.dynamic.length === 0 && plan.builds.length === 0) {
    return { ...plan, lock: undefined };
  }
  plan.files["requirements.in"] = requirementsText(lines.map((line) => localFileUrl(plan, line)));
  plan.files["indexes"] = indexLines.map((line) => `${line}\n`).join("");
  if (constraints.length > 0) {
    plan.files["constraints.txt"] = requirementsText(constraints);
    plan.compileFlags.push("--constraint", "constraints.txt");
  }
  if (prerelease) plan.compileFlags.push("--prerelease", "allow");
  // As pip does: with uv's own way the first index that knows a package is the only one asked for it.
  if (indexLines.length > 0) plan.compileFlags.push("--index-strategy", "unsafe-best-match");
  plan.compileFlags.push("requirements.in");
  return plan;
}

/** A file of the upload under a directory made of its path, so that no two in one upload have one name. */
function localFileUrl(plan: DependencyPlan, line: string): string {
  const at = line.indexOf(LOCAL_FILE_PLACEHOLDER);
  if (at < 0) return line;
  const rest = line.slice(at + LOCAL_FILE_PLACEHOLDER.length);
  const [path = "", ...marker] = rest.split(" ; ");
  const directory = createHash("sha256").update(path).digest("hex").slice(0, 16);
  const name = `${directory}/${posix.basename(path)}`;
  plan.copies[name] = path;
  return `${line.slice(0, at)}${LOCAL_FILE_PLACEHOLDER}${name}${marker.length === 0 ? "" : ` ; ${marker.join(" ; ")}`}`;
}

/** The project at the root: its code is in place, but its name, version and `src` directory must be known too. */
async function withRoot(
  tree: SourceTree,
  pyproject: Pyproject,
  plan: DependencyPlan,
): Promise<DependencyPlan> {
  if (pyproject.backend !== undefined) await addLocalProject(tree, plan, { directory: "." });
  plan.importable = plan.importable.filter((directory) => directory !== ".");
  return plan;
}

function withoutProject(lock: string, project = "pyproject.toml") {
  return dependencyError(
    "lock_without_project",
    `${lock} is there without the ${project} that it locks.`,
    `Add ${project}, or leave ${lock} out.`,
  );
}
