import { dependencyError } from "../lib/dependency-error.ts";
import type { Pyproject } from "../manifest/pyproject.ts";
import { scriptProject } from "../manifest/script.ts";
import { stringOf, strings, table } from "../manifest/toml.ts";
import type { SourceTree } from "../upload/tree.ts";
import { lockWithoutProject } from "./drift.ts";
import { type DependencyPlan, newPlan } from "./plan.ts";
import { poetryRequirements } from "./poetry.ts";
import { addRootProject, readProject } from "./project.ts";
import { installPyproject, resolvePyproject } from "./pyproject.ts";
import { resolveLines, UNLOCKED } from "./requirements-plan.ts";
import { planScriptLock } from "./uv-lock.ts";
import { workspaceFiles } from "./workspace.ts";

/** A `pyproject.toml` without a lock. Undefined when it names no dependencies. */
export async function planPyproject(
  tree: SourceTree,
  pyproject: Pyproject | undefined,
): Promise<DependencyPlan | undefined> {
  if (pyproject?.project !== undefined) {
    return await addRootProject(tree, await planProject(tree, pyproject), pyproject);
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
export async function planScript(tree: SourceTree, file: string): Promise<DependencyPlan | undefined> {
  const script = scriptProject((await tree.text(file)) ?? "", file);
  const lock = await tree.text(`${file}.lock`);
  if (script === undefined) {
    if (lock === undefined) return undefined;
    throw lockWithoutProject({ file: `${file}.lock`, project: `inline metadata in ${file}` });
  }
  if (lock !== undefined) return await planScriptLock(tree, lock, { script, file });
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
  if (stringOf(project["name"]) === undefined) throw nameMissing();
  const plan = newPlan({
    style: "pyproject.toml",
    reason: "pyproject.toml has [project], and there is no lock",
    lock: "uv.lock",
    warnings: [UNLOCKED],
  });
  if (!strings(project["dynamic"]).includes("dependencies"))
    return await resolveProject(tree, plan, pyproject);
  const { dependencies } = await readProject(tree, ".");
  if (dependencies !== undefined) {
    return await resolveProject(tree, plan, { ...pyproject, project: { ...project, dependencies } });
  }
  plan.dynamic.push(".");
  return await resolveLines(
    tree,
    { ...plan, lock: "requirements.lock" },
    { lines: [], localDirectories: [] },
  );
}

async function resolveProject(
  tree: SourceTree,
  plan: DependencyPlan,
  pyproject: Pyproject,
): Promise<DependencyPlan> {
  if (strings(pyproject.project?.["dependencies"]).length === 0 && pyproject.groups === undefined) {
    return { ...plan, lock: undefined, warnings: [] };
  }
  plan.files = {
    "pyproject.toml": resolvePyproject(pyproject),
    "install/pyproject.toml": installPyproject(pyproject),
    ...(await workspaceFiles({ tree, pyproject, plan })),
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
