import { parsePyproject, type Pyproject } from "../manifest/pyproject.ts";
import { openTree, type SourceTree } from "../upload/tree.ts";
import { lockWithoutProject } from "./drift.ts";
import { planPdmLock, planPoetryLock } from "./foreign-lock.ts";
import { planPipfile } from "./pipfile.ts";
import { type DependencyPlan, newPlan } from "./plan.ts";
import { planPyproject, planScript } from "./project-plan.ts";
import { planRequirements, planSetup } from "./requirements-plan.ts";
import { planPylock } from "./pylock.ts";
import type { Target } from "./target.ts";
import { unreadFiles } from "./unread.ts";
import { planUvLock } from "./uv-lock.ts";

/** The locks of a `pyproject.toml`, in the order of precedence. */
const LOCKS = [
  { file: "uv.lock", plan: planUvLock },
  { file: "poetry.lock", plan: planPoetryLock },
  { file: "pdm.lock", plan: planPdmLock },
];

/**
 * Reads what the upload at `root` depends on. The first file that names dependencies decides.
 *
 * @throws RunnerError BUILD_FAILED when that file cannot be used
 */
export async function planDependencies(
  root: string,
  { entrypointFile, target }: { entrypointFile: string; target: Target },
): Promise<DependencyPlan> {
  const read = new Set<string>();
  const tree = noting(openTree(root), read);
  const plan = await firstPlan(tree, entrypointFile, target);
  return { ...plan, warnings: [...plan.warnings, ...(await unreadFiles(tree, plan, read))] };
}

/** A tree that notes which dependency files were read of it. */
function noting(tree: SourceTree, read: Set<string>): SourceTree {
  return {
    ...tree,
    text: async (path) => {
      read.add(path);
      return await tree.text(path);
    },
  };
}

async function firstPlan(tree: SourceTree, entrypointFile: string, target: Target): Promise<DependencyPlan> {
  const text = await tree.text("pyproject.toml");
  const pyproject = text === undefined ? undefined : parsePyproject(text);
  return (
    (await planLock(tree, pyproject)) ??
    (await planPylock(tree, pyproject, target)) ??
    (await planPyproject(tree, pyproject, target)) ??
    (await planRequirements(tree)) ??
    (await planPipfile(tree)) ??
    (await planScript(tree, entrypointFile, target)) ??
    (await planSetup(tree)) ??
    newPlan({ style: "none", reason: "no file names a dependency", lock: undefined })
  );
}

async function planLock(
  tree: SourceTree,
  pyproject: Pyproject | undefined,
): Promise<DependencyPlan | undefined> {
  for (const { file, plan } of LOCKS) {
    const lock = await tree.text(file);
    if (lock === undefined) continue;
    if (pyproject === undefined) throw lockWithoutProject({ file, project: "pyproject.toml" });
    return await plan(tree, lock, pyproject);
  }
  return undefined;
}
