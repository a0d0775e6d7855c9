import { dependencyError } from "../lib/dependency-error.ts";
import type { Pyproject } from "../manifest/pyproject.ts";
import { scriptProject } from "../manifest/script.ts";
import { stringOf, strings, table } from "../manifest/toml.ts";
import type { SourceTree } from "../upload/tree.ts";
import { lockWithoutProject } from "./drift.ts";
import { ownRequirements } from "./groups.ts";
import { extraIndexLines } from "./index-urls.ts";
import { type DependencyPlan, newPlan } from "./plan.ts";
import { poetryRequirements } from "./poetry.ts";
import { addRootProject, readProject } from "./project.ts";
import { installPyproject, resolveFiles } from "./pyproject.ts";
import { planRequirements, resolveLines, UNLOCKED } from "./requirements-plan.ts";
import type { Target } from "./target.ts";
import { planScriptLock } from "./uv-lock.ts";
import { localProjects } from "./workspace.ts";

/** A `pyproject.toml` without a lock. Undefined when it names no dependencies. */
export async function planPyproject(
  tree: SourceTree,
  pyproject: Pyproject | undefined,
  target: Target,
): Promise<DependencyPlan | undefined> {
  if (pyproject?.project !== undefined) {
    const plan = await planProject(tree, pyproject, target);
    const listed = plan.lock === undefined ? await planRequirements(tree) : undefined;
    if (listed === undefined) return await addRootProject(tree, plan, pyproject);
    const reason = `${listed.reason}; [project] in pyproject.toml names none`;
    return await addRootProject(tree, { ...listed, reason }, pyproject);
  }
  const poetry = table(pyproject?.tool["poetry"]);
  if (pyproject === undefined || poetry?.["dependencies"] === undefined) return undefined;
  const { lines, localDirectories, warnings } = poetryRequirements(poetry);
  const plan = newPlan({
    style: "pyproject.toml",
    reason: "pyproject.toml has [tool.poetry], and there is no lock",
    lock: "requirements.lock",
    warnings: [...warnings, "There is no poetry.lock: the versions were chosen at this deploy."],
  });
  return await addRootProject(tree, await resolveLines(tree, plan, { lines, localDirectories }), pyproject);
}

/** Inline metadata of the entrypoint (PEP 723), with its lock if there is one. Undefined when it has none. */
export async function planScript(
  tree: SourceTree,
  file: string,
  target: Target,
): Promise<DependencyPlan | undefined> {
  const script = scriptProject((await tree.text(file)) ?? "", file);
  const lock = await tree.text(`${file}.lock`);
  if (script === undefined) {
    if (lock === undefined) return undefined;
    throw lockWithoutProject({ file: `${file}.lock`, project: `inline metadata in ${file}` });
  }
  if (lock !== undefined) return await planScriptLock(tree, lock, { script, file });
  const plan = await planProject(tree, script, target);
  return {
    ...plan,
    style: "script",
    reason: `${file} has inline metadata (PEP 723)`,
    warnings: plan.warnings.map((text) => text.replace("`uv lock`", `\`uv lock --script ${file}\``)),
  };
}

async function planProject(tree: SourceTree, pyproject: Pyproject, target: Target): Promise<DependencyPlan> {
  const project = pyproject.project ?? {};
  if (stringOf(project["name"]) === undefined) throw nameMissing();
  const plan = newPlan({
    style: "pyproject.toml",
    reason: "pyproject.toml has [project], and there is no lock",
    lock: "uv.lock",
    warnings: [UNLOCKED],
  });
  if (!strings(project["dynamic"]).includes("dependencies"))
    return await resolveProject({ tree, plan, pyproject, target });
  const { dependencies } = await readProject(tree, ".");
  if (dependencies !== undefined) {
    const known = { ...pyproject, project: { ...project, dependencies } };
    return await resolveProject({ tree, plan, pyproject: known, target });
  }
  plan.dynamic.push(".");
  return await resolveLines(
    tree,
    { ...plan, lock: "requirements.lock" },
    { lines: [], localDirectories: [] },
  );
}

async function resolveProject(options: {
  tree: SourceTree;
  plan: DependencyPlan;
  pyproject: Pyproject;
  target: Target;
}): Promise<DependencyPlan> {
  const { tree, plan, pyproject, target } = options;
  if (ownRequirements(pyproject).length === 0) return { ...plan, lock: undefined, warnings: [] };
  const { files, indexes } = resolveFiles(pyproject, await localProjects({ tree, pyproject, plan }), target);
  // Where the lock becomes requirements, those do not say where their packages are.
  const lines = extraIndexLines(indexes).map((line) => `${line}\n`);
  plan.files = {
    ...files,
    "install/pyproject.toml": installPyproject(pyproject),
    ...(lines.length === 0 ? {} : { indexes: lines.join("") }),
  };
  return plan;
}

function nameMissing() {
  return dependencyError(
    "syntax",
    "pyproject.toml has a [project] table without a name.",
    'Add `name = "my-agent"` under [project].',
  );
}
