import { planDependencies } from "../../src/dependencies/detect.ts";
import type { DependencyPlan } from "../../src/dependencies/plan.ts";
import { temporaryTree } from "./tree.ts";

export const PROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\n';

/** What is planned for an upload of these files. */
export async function planOf(files: Record<string, string>): Promise<DependencyPlan> {
  await using tree = await temporaryTree(files);
  return await planDependencies(tree.path, "main.py");
}

/** The error with which the plan for these files is refused. */
export async function refusalOf(files: Record<string, string>): Promise<unknown> {
  return await planOf(files).catch((error: unknown) => error);
}

/** The requirements that the build is to resolve. */
export async function requirementsOf(files: Record<string, string>): Promise<string[] | undefined> {
  return (await planOf(files)).files["requirements.in"]?.split("\n").filter((line) => line !== "");
}

/** A pyproject.toml of Poetry's with these lines of dependencies. */
export function poetryProject(dependencies: string): string {
  return `[tool.poetry]\nname = "demo"\n\n[tool.poetry.dependencies]\npython = "^3.9"\n${dependencies}`;
}
