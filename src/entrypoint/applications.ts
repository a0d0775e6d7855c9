import type { Evaluator } from "../python/evaluate.ts";
import type { Binding, Expression } from "../python/facts.ts";
import type { Framework } from "../python/frameworks.ts";
import type { Module } from "../python/project.ts";

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
  const whole = withoutParts(found, module);
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

/** Leaves out what another candidate mounts, wraps or is made from, and second names of one object. */
function withoutParts(candidates: AppCandidate[], module: Module): AppCandidate[] {
  const names = new Set(candidates.map(({ name }) => name));
  const uses = new Map<string, Set<string>>([...names].map((name) => [name, new Set()]));
  const aliases = new Set<string>();
  for (const { name, binding } of candidates) {
    if (binding.value.kind !== "expression") continue;
    const { value } = binding.value;
    if (value.kind !== "name" || !names.has(value.id)) note(name, namesIn(value));
    else aliases.add(PREFERRED_NAMES.includes(name) ? value.id : name);
  }
  // `root.mount("/v1", v1)`
  for (const { call } of module.facts.top.calls) {
    const owner = call.callee.kind === "attribute" ? call.callee.base : undefined;
    if (owner?.kind === "name") note(owner.id, [...call.args, ...call.keywords.values()].flatMap(namesIn));
  }
  return candidates.filter(({ name }) => {
    const isPart = [...uses].some(([owner, used]) => used.has(name) && !uses.get(name)?.has(owner));
    return !isPart && !aliases.has(name);
  });

  function note(owner: string, used: readonly string[]): void {
    for (const name of used) if (name !== owner && names.has(name)) uses.get(owner)?.add(name);
  }
}

function namesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case "name":
      return [expression.id];
    case "attribute":
    case "subscript":
      return namesIn(expression.base);
    case "call":
      return [expression.callee, ...expression.args, ...expression.keywords.values()].flatMap(namesIn);
    case "either":
      return expression.options.flatMap(namesIn);
    case "items":
      return expression.items.flatMap(namesIn);
    case "sum":
      return [expression.left, expression.right].flatMap(namesIn);
    case "lambda":
    case "string":
    case "number":
    case "literal":
    case "other":
      break;
  }
  return [];
}
