import type { Binding, Expression } from "../python/facts.ts";
import type { Module } from "../python/project.ts";

/** A top-level name of which something may be served. */
type Candidate = { name: string; binding: Binding };

/** Leaves out what another candidate mounts, wraps or is made from, and second names of one object. */
export function withoutParts<T extends Candidate>(
  candidates: readonly T[],
  { module, preferred }: { module: Module; preferred: readonly string[] },
): T[] {
  const names = new Set(candidates.map(({ name }) => name));
  const uses = new Map<string, Set<string>>([...names].map((name) => [name, new Set()]));
  const aliases = new Set<string>();
  for (const { name, binding } of candidates) {
    if (binding.value.kind !== "expression") continue;
    const { value } = binding.value;
    if (value.kind !== "name" || !names.has(value.id)) note(name, namesIn(value));
    else aliases.add(preferred.includes(name) ? value.id : name);
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
