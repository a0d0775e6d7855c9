import { NO_PYPROJECT, parsePyproject, type Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table, type TomlTable } from "../manifest/toml.ts";
import { insideTree, type SourceTree } from "../upload/tree.ts";
import { ownRequirements } from "./groups.ts";
import { canonicalName } from "./names.ts";
import type { DependencyPlan } from "./plan.ts";
import { addLocalArchive, addLocalProject } from "./project.ts";
import type { PlacedProject } from "./pyproject.ts";
import type { Reached } from "./reach.ts";
import { reachedSources } from "./sources.ts";

/** Projects in one upload. More come from a mistake in a pattern. */
const MAX_PROJECTS = 200;

/**
 * The members of a workspace, and the projects that `[tool.uv.sources]` takes by path, with what resolving reads of them.
 * They are added to the plan.
 */
export async function localProjects(options: {
  tree: SourceTree;
  pyproject: Pyproject;
  plan: DependencyPlan;
}): Promise<PlacedProject[]> {
  const { tree, pyproject, plan } = options;
  const found: PlacedProject[] = [];
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
    const known = {
      name: source.name ?? directory,
      ...project.project,
      dependencies: source.dependencies ?? [],
    };
    found.push({ directory, pyproject: { ...project, project: known } });
    pending.push(...(await neighbours(tree, directory, project)));
  }
  return found;
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

/** The paths in the upload that `[tool.uv.sources]` names for what may be installed. */
function sourcePaths(directory: string, project: Pyproject): { name: string; path: string }[] {
  const sources = reachedSources(project, everythingOf(project));
  return Object.entries(sources).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((source: unknown) => {
      const text = stringOf(table(source)?.["path"]);
      const path = text === undefined ? undefined : insideTree(`${directory}/${text}`);
      return path === undefined ? [] : [{ name, path }];
    }),
  );
}

/** With every extra: who asks for which is known only when all projects are. */
function everythingOf(project: Pyproject): Reached {
  const extras = Object.entries(table(project.project?.["optional-dependencies"]) ?? {});
  return {
    requirements: [...ownRequirements(project), ...extras.flatMap(([, lines]) => strings(lines))],
    extras: new Set(extras.map(([name]) => canonicalName(name))),
  };
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
