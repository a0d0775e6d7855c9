import { planDependencies } from "../../src/dependencies/detect.ts";
import type { DependencyPlan } from "../../src/dependencies/plan.ts";
import type { Target } from "../../src/dependencies/target.ts";
import { type Files, temporaryTree } from "./tree.ts";

export const PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\n';

/** The agent's environment in the tests that do not say another. */
export const TARGET = { pythonVersion: "3.12", platform: "linux/x86_64" };

/** What is planned for an upload of these files. */
export async function planOf(files: Files, target: Partial<Target> = {}): Promise<DependencyPlan> {
  await using tree = await temporaryTree(files);
  return await planDependencies(tree.path, { entrypointFile: "main.py", target: { ...TARGET, ...target } });
}

/** The error with which the plan for these files is refused. */
export async function refusalOf(files: Files): Promise<unknown> {
  return await planOf(files).catch((error: unknown) => error);
}

/** The requirements that the build is to resolve. */
export async function requirementsOf(files: Files): Promise<string[] | undefined> {
  return (await planOf(files)).files["requirements.in"]?.split("\n").filter((line) => line !== "");
}

/** A pyproject.toml of Poetry's with these lines of dependencies. */
export function poetryProject(dependencies: string): string {
  return `[tool.poetry]\nname = "demo"\n\n[tool.poetry.dependencies]\npython = "^3.9"\n${dependencies}`;
}
