import { parsePyproject, reducedPyproject, stringOf, table } from "./pyproject.ts";
import type { DependencyPlan } from "./plan.ts";
import { dependencyError } from "./plan.ts";
import type { SourceTree } from "./tree.ts";

/** Decides where the agent's dependencies are named; the first that is there wins. */
export async function planDependencies(tree: SourceTree): Promise<DependencyPlan> {
  const pyprojectText = await tree.text("pyproject.toml");
  const pyproject = pyprojectText === undefined ? undefined : parsePyproject(pyprojectText);
  const lock = await tree.text("uv.lock");

  if (lock !== undefined) {
    if (pyproject === undefined) {
      throw dependencyError(
        "lock_without_project",
        "uv.lock is there without the pyproject.toml that it locks.",
        "Add pyproject.toml to the upload, or leave uv.lock out.",
      );
    }
    return {
      style: "uv.lock",
      reason: "uv.lock lists every package exactly",
      recipe: "sync",
      files: { "uv.lock": lock, "pyproject.toml": reducedPyproject(pyproject) },
      warnings: [],
    };
  }
  if (pyproject?.project !== undefined) {
    const name = stringOf(pyproject.project["name"]);
    if (name === undefined) {
      throw dependencyError(
        "syntax",
        "pyproject.toml has a [project] table without a name.",
        'Add `name = "my-agent"` under [project].',
      );
    }
    return {
      style: "pyproject.toml",
      reason: "pyproject.toml has [project] and no lock is beside it",
      recipe: "lock-and-sync",
      files: { "pyproject.toml": reducedPyproject(pyproject) },
      warnings: [
        "There is no uv.lock: the versions were chosen now. Run `uv lock` and ship the file to choose them.",
      ],
    };
  }
  if (table(pyproject?.tool["poetry"]) !== undefined) {
    throw dependencyError(
      "unsupported",
      "pyproject.toml has only a [tool.poetry] table and there is no poetry.lock.",
      "Run `poetry lock` and ship poetry.lock, or move the dependencies to [project].",
    );
  }
  const requirements = await tree.text("requirements.txt");
  if (requirements !== undefined) {
    return {
      style: "requirements.txt",
      reason: "requirements.txt lists the packages",
      recipe: "compile-and-sync",
      files: { "requirements.txt": requirements },
      warnings: [],
    };
  }
  return {
    style: "none",
    reason: "no file names a dependency",
    recipe: "none",
    files: {},
    warnings: [],
  };
}
