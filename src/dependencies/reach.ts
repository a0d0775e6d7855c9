import type { Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table } from "../manifest/toml.ts";
import { ownRequirements } from "./groups.ts";
import { canonicalName, parseRequirement } from "./names.ts";

/** What of a project is installed: the requirements themselves, and the extras among them. */
export type Reached = { requirements: string[]; extras: Set<string> };

/**
 * What of the upload's projects is installed with the first of them: by name, those that it depends on, each with the
 * extras that somebody asks for. Nothing else is resolved, so that nothing else can stop a deploy.
 */
export function reachedFrom(root: Pyproject, others: Pyproject[]): Map<string, Reached> {
  const projects = new Map([root, ...others].map((project) => [nameOf(project), project]));
  const reached = new Map<string, Reached>();
  const pending: { name: string; extra: string | undefined }[] = [{ name: nameOf(root), extra: undefined }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { name, extra } = next;
    const project = projects.get(name);
    const known = reached.get(name) ?? { requirements: [], extras: new Set() };
    const isNew = extra === undefined ? !reached.has(name) : !known.extras.has(extra);
    if (project === undefined || !isNew) continue;
    reached.set(name, known);
    if (extra !== undefined) known.extras.add(extra);
    const requirements =
      extra === undefined ? requirementsOf(project, project === root) : extraRequirements(project, extra);
    known.requirements.push(...requirements);
    for (const requirement of requirements.flatMap((line) => parseRequirement(line) ?? [])) {
      pending.push({ name: requirement.name, extra: undefined });
      pending.push(...requirement.extras.map((asked) => ({ name: requirement.name, extra: asked })));
    }
  }
  return reached;
}

/** Canonical name of a project. */
export function nameOf({ project }: Pyproject): string {
  return canonicalName(stringOf(project?.["name"]) ?? "");
}

/** Only the first project's own groups are installed. */
function requirementsOf(project: Pyproject, isRoot: boolean): string[] {
  return isRoot ? ownRequirements(project) : strings(project.project?.["dependencies"]);
}

function extraRequirements({ project }: Pyproject, extra: string): string[] {
  return Object.entries(table(project?.["optional-dependencies"]) ?? {}).flatMap(([name, lines]) =>
    canonicalName(name) === extra ? strings(lines) : [],
  );
}
