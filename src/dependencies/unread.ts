import type { SourceTree } from "../upload/tree.ts";
import type { DependencyPlan } from "./plan.ts";

/** Files that name packages for other tools, and what to do in place of them. */
const FOREIGN: Record<string, string> = {
  "environment.yml":
    "conda's packages are not installed; list those of the package index in requirements.txt",
  "environment.yaml":
    "conda's packages are not installed; list those of the package index in requirements.txt",
  "conda-lock.yml": "conda's packages are not installed; list those of the package index in requirements.txt",
  Dockerfile: "the runner makes the image itself",
  Procfile: "`entrypoint` in oken.toml says what is served",
  ".env": "send its variables as secrets, with the deploy",
};

/** Files that are read where no other comes before them. */
const OUTRANKED = ["pylock.toml", "requirements.txt", "requirements.in", "Pipfile"];

/** Names by which people mean `requirements.txt`. */
const MISSPELT = [
  "requirement.txt",
  "requirments.txt",
  "requirements.text",
  "Requirements.txt",
  "requirements",
  "requirements/base.txt",
  "requirements/prod.txt",
  "requirements/production.txt",
];

/** One line for each file of the upload that names packages and is not among those that were read. */
export async function unreadFiles(
  tree: SourceTree,
  { style }: Pick<DependencyPlan, "style">,
  read: ReadonlySet<string>,
): Promise<string[]> {
  const source = style === "script" ? "the inline metadata of the entrypoint" : style;
  const isUnread = async (file: string) => !read.has(file) && (await tree.has(file));
  const warnings: string[] = [];
  for (const file of OUTRANKED) {
    // It is what requirements.txt was made from.
    if (file === "requirements.in" && (await tree.has("requirements.txt"))) continue;
    if (await isUnread(file)) warnings.push(`${file} is not read: ${source} names the packages.`);
  }
  for (const [file, advice] of Object.entries(FOREIGN)) {
    if (await isUnread(file)) warnings.push(`${file} is not read: ${advice}.`);
  }
  if (style !== "none") return warnings;
  for (const file of MISSPELT) {
    if (await isUnread(file)) warnings.push(`${file} is not read: name it requirements.txt, at the top.`);
  }
  return warnings;
}
