import type { Binding, BoundValue, Call, Expression } from "../python/facts.ts";
import type { Module } from "../python/project.ts";

/** A top-level name of which something may be served. */
type Candidate = { name: string; binding: Binding };

/** Candidates that are held against each other. Nobody writes more, and each is held against all others. */
const MAX_CANDIDATES = 100;

/** Leaves out what another candidate mounts, wraps, calls or is made from, and second names of one object. */
export function withoutParts<T extends Candidate>(
  all: readonly T[],
  { module, preferred }: { module: Module; preferred: readonly string[] },
): T[] {
  const isPreferred = ({ name }: Candidate) => preferred.includes(name);
  const candidates =
    all.length <= MAX_CANDIDATES
      ? all
      : [...all.filter(isPreferred), ...all.filter((it) => !isPreferred(it))].slice(0, MAX_CANDIDATES);
  const names = new Set(candidates.map(({ name }) => name));
  const aliases = new Set<string>();
  for (const { name, binding } of candidates) {
    const original = binding.value.kind === "expression" ? binding.value.value : undefined;
    if (original?.kind === "name" && names.has(original.id))
      aliases.add(preferred.includes(name) ? original.id : name);
  }
  const mentions = mentionsIn(module, names);
  const uses = new Map([...names].map((name) => [name, reached(mentions, name)]));
  return candidates.filter(({ name }) => {
    const isPart = [...uses].some(([owner, used]) => used.has(name) && !uses.get(name)?.has(owner));
    return !isPart && !aliases.has(name);
  });
}

/** The names that each top-level name has to do with, by its value or by what is done with it. */
function mentionsIn(
  { facts: { top } }: Module,
  candidates: ReadonlySet<string>,
): Map<string, ReadonlySet<string>> {
  const mentions = new Map<string, Set<string>>();
  // What is imported to make things with has nothing to do with them.
  const imported = new Set(
    top.bindings.flatMap(({ name, value }) => (value.kind === "import" ? [name] : [])),
  ).difference(candidates);
  const note = (owner: string, used: readonly string[]) => {
    if (imported.has(owner)) return;
    const known = mentions.get(owner) ?? new Set();
    for (const name of used) known.add(name);
    mentions.set(owner, known);
  };
  for (const { name, value } of top.bindings) {
    note(name, namesOfValue(value));
    // `@app.get("/")`, `@agent.tool`
    for (const decorator of value.kind === "function" ? value.function.decorators : [])
      for (const owner of namesIn(decorator)) note(owner, namesOfValue(value));
  }
  // `root.mount("/v1", v1)`
  for (const { call } of top.calls) {
    const owner = call.callee.kind === "attribute" ? rootOf(call.callee) : undefined;
    if (owner !== undefined) note(owner, namesGiven(call));
  }
  return mentions;
}

function reached(mentions: ReadonlyMap<string, ReadonlySet<string>>, start: string): Set<string> {
  const found = new Set<string>();
  const frontier = [start];
  for (const name of frontier) {
    for (const next of mentions.get(name) ?? []) {
      if (found.has(next) || next === start) continue;
      found.add(next);
      frontier.push(next);
    }
  }
  return found;
}

function namesOfValue(value: BoundValue): string[] {
  if (value.kind === "expression") return namesIn(value.value);
  if (value.kind !== "function") return [];
  return value.function.body.calls.flatMap(({ call }) => [...namesIn(call.callee), ...namesGiven(call)]);
}

function namesGiven(call: Call): string[] {
  return [...call.args, ...call.keywords.values()].flatMap(namesIn);
}

function rootOf(expression: Expression): string | undefined {
  if (expression.kind === "name") return expression.id;
  return expression.kind === "attribute" ? rootOf(expression.base) : undefined;
}

function namesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case "name":
      return [expression.id];
    case "attribute":
    case "subscript":
      return namesIn(expression.base);
    case "call":
      return [...namesIn(expression.callee), ...namesGiven(expression)];
    case "either":
      return expression.options.flatMap(namesIn);
    case "items":
      return expression.items.flatMap(namesIn);
    case "sum":
    case "pipe":
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
