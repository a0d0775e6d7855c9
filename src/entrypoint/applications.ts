import type { Evaluator } from "../python/evaluate.ts";
import type { Binding } from "../python/facts.ts";
import type { Framework } from "../python/frameworks.ts";
import type { Module } from "../python/project.ts";
import { withoutParts } from "./parts.ts";

/** The names that are preferred among several, the first one most. */
export const PREFERRED_NAMES = ["app", "application", "api", "server"];

export type AppCandidate = {
  name: string;
  /** `name`, or an attribute of it that holds the real application. */
  attr: string;
  framework: Framework;
  binding: Binding;
};

/** The applications that top-level names stand for, without those that are only part of another. */
export function findApps(evaluator: Evaluator, module: Module): AppCandidate[] {
  const found: AppCandidate[] = [];
  for (const [name, binding] of evaluator.names(module)) {
    const value = evaluator.name(module, name);
    if (value.kind !== "app") continue;
    const { framework } = value;
    const attr = framework.inner === undefined ? name : `${name}.${framework.inner}`;
    found.push({ name, attr, framework, binding });
  }
  const whole = withoutParts(found, { module, preferred: PREFERRED_NAMES });
  const open = whole.filter(({ name }) => !name.startsWith("_"));
  return open.length > 0 ? open : whole;
}

/** The one with a preferred name, or the only one. Undefined when none stands out. */
export function chooseApp(candidates: readonly AppCandidate[]): AppCandidate | undefined {
  for (const name of PREFERRED_NAMES) {
    const preferred = candidates.find((candidate) => candidate.name === name);
    if (preferred !== undefined) return preferred;
  }
  return candidates.length === 1 ? candidates[0] : undefined;
}
