import { NO_PYPROJECT, parsePyproject, type Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table, type TomlTable } from "../manifest/toml.ts";
import { insideTree, type SourceTree } from "../upload/tree.ts";
import type { DependencyPlan } from "./plan.ts";
import { addLocalArchive, addLocalProject } from "./project.ts";
import { resolvePyproject } from "./pyproject.ts";

/** Projects in one upload. More come from a mistake in a pattern. */
const MAX_PROJECTS = 200;

/**
 * The reduced `pyproject.toml` files of the members of a workspace, and of the projects that `[tool.uv.sources]` takes by
 * path, at the places where resolving looks for them. The projects themselves are added to the plan.
 */
export async function workspaceFiles(options: {
  tree: SourceTree;
  pyproject: Pyproject;
  plan: DependencyPlan;
}): Promise<Record<string, string>> {
  const { tree, pyproject, plan } = options;
  const files: Record<string, string> = {};
  for (const { name, path } of sourcePaths(".", pyproject)) {
    if (!(await tree.has(path))) continue;
    addLocalArchive(plan, name, path);
    // Resolving reads the dependencies that the archive names.
    plan.copies[path] = path;
  }
  const pending = await neighbours(tree, ".", pyproject);
  const seen = new Set(["."]);
  while (pending.length > 0 && seen.size < MAX_PROJECTS) {
    const directory = pending.shift() ?? ".";
    if (seen.has(directory)) continue;
    seen.add(directory);
    const text = await tree.text(`${directory}/pyproject.toml`);
    const source = await addLocalProject(tree, plan, { directory });
    const project = text === undefined ? NO_PYPROJECT : parsePyproject(text, `${directory}/pyproject.toml`);
    if (source.dependencies === undefined) plan.dynamic.push(directory);
    files[`${directory}/pyproject.toml`] = resolvePyproject({
      ...project,
      project: {
        name: source.name ?? directory,
        ...project.project,
        dependencies: source.dependencies ?? [],
      },
    });
    pending.push(...(await neighbours(tree, directory, project)));
  }
  return files;
}

/** The directories of the projects that one project takes from the upload. */
async function neighbours(tree: SourceTree, directory: string, project: Pyproject): Promise<string[]> {
  const members = await Promise.all(
    strings(table(uvTable(project)["workspace"])?.["members"]).map((pattern) =>
      expand(tree, `${directory}/${pattern}`),
    ),
  );
  const paths = sourcePaths(directory, project).map(({ path }) => path);
  const files = await Promise.all(paths.map((path) => tree.has(path)));
  return [...members.flat(), ...paths.filter((_, index) => files[index] === false)];
}

/** The paths in the upload that `[tool.uv.sources]` names. */
function sourcePaths(directory: string, project: Pyproject): { name: string; path: string }[] {
  return Object.entries(table(uvTable(project)["sources"]) ?? {}).flatMap(([name, value]) => {
    const text = stringOf(table(value)?.["path"]);
    const path = text === undefined ? undefined : insideTree(`${directory}/${text}`);
    return path === undefined ? [] : [{ name, path }];
  });
}

function uvTable({ tool }: Pyproject): TomlTable {
  return table(tool["uv"]) ?? {};
}

/** The directories with a project that a pattern such as `packages/*` names. */
async function expand(tree: SourceTree, pattern: string): Promise<string[]> {
  const path = insideTree(pattern);
  if (path === undefined) return [];
  if (!/[*?[]/.test(path)) return [path];
  const matches = await tree.directories(path);
  const projects = await Promise.all(
    matches.map(async (match) => ((await tree.has(`${match}/pyproject.toml`)) ? [match] : [])),
  );
  return projects.flat();
}
