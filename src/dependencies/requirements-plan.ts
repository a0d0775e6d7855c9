import { createHash } from "node:crypto";
import { posix } from "node:path";

import type { SourceTree } from "../upload/tree.ts";
import { isExact, requirementsText } from "./lock.ts";
import { type DependencyPlan, newPlan } from "./plan.ts";
import { addLocalProject } from "./project.ts";
import { readSetupFiles } from "./setup-files.ts";
import { LOCAL_FILE_PLACEHOLDER, readRequirements, type Requirements } from "./requirements.ts";

export const UNLOCKED =
  "The upload has no lock, so the versions were chosen at this deploy: `uv lock` makes one.";

/** A list of exact versions, and what pip-tools and uv compile to one. The first that is there counts. */
const FILES = ["requirements.txt", "requirements.in"] as const;

/** `requirements.txt` with what it includes. Undefined when there is none. */
export async function planRequirements(tree: SourceTree): Promise<DependencyPlan | undefined> {
  for (const file of FILES) if (await tree.has(file)) return await planFile(tree, file);
  return undefined;
}

async function planFile(tree: SourceTree, style: (typeof FILES)[number]): Promise<DependencyPlan> {
  const requirements = await readRequirements(tree, style);
  const { lines, indexLines, localDirectories, localFiles, warnings } = requirements;
  const lock = "requirements.lock";
  // Where every line has hashes, pip refuses packages that are not listed. So such a list is a lock.
  if (isExact(lines) && localDirectories.length === 0 && localFiles.length === 0) {
    return newPlan({
      style,
      reason: `${style} lists every package exactly`,
      lock,
      locked: true,
      files: { [lock]: [...indexLines, ...lines].map((line) => `${line}\n`).join("") },
      warnings,
    });
  }
  const plan = newPlan({ style, reason: `${style} lists the packages`, lock, warnings });
  return await resolveLines(tree, plan, requirements);
}

/** `setup.py`, or a `setup.cfg` that names dependencies. Undefined when there is none. */
export async function planSetup(tree: SourceTree): Promise<DependencyPlan | undefined> {
  const style = (await tree.has("setup.py")) ? "setup.py" : "setup.cfg";
  const files = await readSetupFiles(tree, ".");
  // Other tools keep their settings in setup.cfg.
  if (files === undefined || (style === "setup.cfg" && files.dependencies?.length === 0)) return undefined;
  const plan = newPlan({
    style,
    reason: `${style} describes the project`,
    lock: "requirements.lock",
    warnings: [UNLOCKED],
  });
  return await resolveLines(tree, plan, { lines: [], localDirectories: ["."] });
}

/** A plan to resolve requirement lines, together with what projects of the upload depend on. */
export async function resolveLines(
  tree: SourceTree,
  plan: DependencyPlan,
  requirements: Pick<Requirements, "lines" | "localDirectories"> & Partial<Requirements>,
): Promise<DependencyPlan> {
  const { constraints = [], indexLines = [], prerelease = false } = requirements;
  const lines = [...requirements.lines];
  for (const directory of requirements.localDirectories) {
    const { dependencies } = await addLocalProject(tree, plan, { directory });
    if (dependencies === undefined) plan.dynamic.push(directory);
    else lines.push(...dependencies);
  }
  // The upload's root is importable in any case.
  plan.importable = plan.importable.filter((directory) => directory !== ".");
  if (lines.length === 0 && plan.dynamic.length === 0 && plan.builds.length === 0) {
    return { ...plan, lock: undefined };
  }
  plan.files["requirements.in"] = requirementsText(lines.map((line) => copyLocalFile(plan, line)));
  plan.files["indexes"] = indexLines.map((line) => `${line}\n`).join("");
  if (constraints.length > 0) {
    plan.files["constraints.txt"] = requirementsText(constraints);
    plan.compileFlags.push("--constraint", "constraints.txt");
  }
  if (prerelease) plan.compileFlags.push("--prerelease", "allow");
  // pip looks for a package in all indexes. uv, by default, takes it from the first that has it.
  if (indexLines.length > 0) plan.compileFlags.push("--index-strategy", "unsafe-best-match", "indexes");
  plan.compileFlags.push("requirements.in");
  return plan;
}

/** Gives a file of the upload a directory named after its path, since two files may have one name. */
function copyLocalFile(plan: DependencyPlan, line: string): string {
  const at = line.indexOf(LOCAL_FILE_PLACEHOLDER);
  if (at < 0) return line;
  const rest = line.slice(at + LOCAL_FILE_PLACEHOLDER.length);
  const [path = "", ...marker] = rest.split(" ; ");
  const directory = createHash("sha256").update(path).digest("hex").slice(0, 16);
  const name = `${directory}/${posix.basename(path)}`;
  plan.copies[name] = path;
  return [`${line.slice(0, at)}${LOCAL_FILE_PLACEHOLDER}${name}`, ...marker].join(" ; ");
}
