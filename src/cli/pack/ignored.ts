import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import ignore, { type Ignore } from "ignore";

/** What is never sent, whatever a file says: secrets, history, and what is made anew from the rest. */
const NEVER = [
  ...[".env", ".env.*", "!.env.example", "!.env.sample", "!.env.template"],
  ...[".git", ".hg", ".svn", ".venv", "__pycache__", "*.pyc", "node_modules"],
  ...[".mypy_cache", ".pytest_cache", ".ruff_cache", ".DS_Store"],
];

/** In the order in which they are read; what comes later wins. */
const FILES = [".gitignore", ".okenignore"];

/** The rules that hold in a directory: its own, and those of the directories above it. */
export type Rules = readonly { directory: string; matcher: Ignore }[];

const never = ignore().add(NEVER);

/** The rules of `directory` itself, and of the repository that it is part of. */
export async function rulesOf(directory: string): Promise<Rules> {
  const above = await directoriesAbove(directory);
  const rules = await Promise.all([...above, directory].map(ownRules));
  return rules.flat();
}

/** The rules below `rules`, in a directory of their own. */
export async function deeperRules(rules: Rules, directory: string): Promise<Rules> {
  return [...rules, ...(await ownRules(directory))];
}

/** Whether a path is left out. As in Git, the rule that is nearest to it decides. */
export function isIgnored(rules: Rules, path: string, { isDirectory }: { isDirectory: boolean }): boolean {
  const suffix = isDirectory ? "/" : "";
  const name = path.slice(dirname(path).length).replace(/^\//, "");
  if (never.ignores(`${name}${suffix}`)) return true;
  for (const { directory, matcher } of rules.toReversed()) {
    const { ignored, unignored } = matcher.test(`${relative(directory, path)}${suffix}`);
    if (ignored || unignored) return ignored;
  }
  return false;
}

async function ownRules(directory: string): Promise<Rules> {
  const texts = await Promise.all(FILES.map((name) => textOf(join(directory, name))));
  const text = texts.filter((it) => it !== undefined);
  return text.length === 0 ? [] : [{ directory, matcher: ignore().add(text.join("\n")) }];
}

/** From the root of the repository down to, but without, `directory`. None outside of a repository. */
async function directoriesAbove(directory: string): Promise<string[]> {
  const above: string[] = [];
  for (let at = directory; ; at = dirname(at)) {
    if (at !== directory) above.unshift(at);
    if (await Bun.file(join(at, ".git", "HEAD")).exists()) return above;
    if (at === dirname(at)) return [];
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}
