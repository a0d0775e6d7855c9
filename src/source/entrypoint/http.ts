import type { Binding, Expression } from "../python/facts.ts";
import { type Evaluator, type Frame, topOf, type Value } from "../python/evaluate.ts";
import type { Framework } from "../python/frameworks.ts";
import type { Module } from "../python/project.ts";

/** When there are several, in this order. */
export const PREFERRED_NAMES = ["app", "application", "api", "server"];
export const FACTORY_NAMES = ["create_app", "make_app", "build_app", "get_app"];

export type AppCandidate = { name: string; attr: string; framework: Framework; binding: Binding };
export type FactoryCandidate = {
  name: string;
  /** Undefined when only the name says that it makes an application. */
  framework: Framework | undefined;
  /** Parameters that must be given, which is why it cannot be called. */
  required: string[];
};

/** Applications under any top-level name, without those that are only part of another. */
export function findApps(evaluator: Evaluator, module: Module): AppCandidate[] {
  const found = new Map<string, AppCandidate>();
  for (const binding of module.facts.top.bindings) {
    const value = evaluator.name(module, binding.name);
    if (value.kind !== "app") {
      found.delete(binding.name);
      continue;
    }
    const { framework } = value;
    const attr = framework.inner === undefined ? binding.name : `${binding.name}.${framework.inner}`;
    found.set(binding.name, { name: binding.name, attr, framework, binding });
  }
  const outer = withoutParts([...found.values()], module);
  const open = outer.filter(({ name }) => !name.startsWith("_"));
  return open.length > 0 ? open : outer;
}

/** The one to serve: one of the preferred names, or the only one; undefined when it cannot be told. */
export function chooseApp(candidates: readonly AppCandidate[]): AppCandidate | undefined {
  for (const name of PREFERRED_NAMES) {
    const preferred = candidates.find((candidate) => candidate.name === name);
    if (preferred !== undefined) return preferred;
  }
  return candidates.length === 1 ? candidates[0] : undefined;
}

export function findFactories(evaluator: Evaluator, module: Module): FactoryCandidate[] {
  const found = new Map<string, FactoryCandidate>();
  for (const { name } of module.facts.top.bindings) {
    const value = evaluator.name(module, name);
    if (value.kind !== "function") continue;
    const promised = promisedApp(evaluator, value);
    const named = FACTORY_NAMES.includes(name);
    const made = named ? evaluator.result(value) : promised;
    if (!named && promised?.kind !== "app") continue;
    if (made?.kind === "literal" || made?.kind === "text" || made?.kind === "number") continue;
    const required = value.function.parameters
      .filter((parameter) => parameter.required)
      .map((parameter) => parameter.name);
    found.set(name, { name, framework: made?.kind === "app" ? made.framework : undefined, required });
  }
  return [...found.values()].sort((one, other) => factoryOrder(one) - factoryOrder(other));
}

function factoryOrder({ name }: FactoryCandidate): number {
  return FACTORY_NAMES.includes(name) ? FACTORY_NAMES.indexOf(name) : FACTORY_NAMES.length;
}

function promisedApp(evaluator: Evaluator, value: Extract<Value, { kind: "function" }>): Value | undefined {
  const { returns } = value.function;
  if (returns === undefined) return undefined;
  // An annotation names the class; calling the class is what gives the value.
  const call: Expression = {
    kind: "call",
    callee: unquoted(returns),
    args: [],
    keywords: new Map(),
    at: { line: 0, column: 0 },
  };
  return evaluator.expression(call, topOf(value.module));
}

/** `-> "FastAPI"` */
function unquoted(annotation: Expression): Expression {
  if (annotation.kind !== "string") return annotation;
  const [first = "", ...rest] = annotation.value.split(".");
  return rest.reduce<Expression>((base, name) => ({ kind: "attribute", base, name }), {
    kind: "name",
    id: first,
  });
}

/** Drops what another candidate mounts or wraps, and second names of the same object. */
function withoutParts(candidates: AppCandidate[], module: Module): AppCandidate[] {
  const names = new Set(candidates.map(({ name }) => name));
  const uses = new Map<string, Set<string>>();
  const note = (owner: string, used: Iterable<string>) => {
    for (const name of used) {
      if (name !== owner && names.has(name))
        (uses.get(owner) ?? uses.set(owner, new Set()).get(owner))?.add(name);
    }
  };
  const aliases = new Set<string>();
  for (const { name, binding } of candidates) {
    if (binding.value.kind !== "expression") continue;
    const { value } = binding.value;
    if (value.kind === "name" && names.has(value.id))
      aliases.add(PREFERRED_NAMES.includes(name) ? value.id : name);
    else note(name, namesIn(value));
  }
  for (const { call } of module.facts.top.calls) {
    if (call.callee.kind !== "attribute" || call.callee.base.kind !== "name") continue;
    if (!names.has(call.callee.base.id)) continue;
    const given = [...call.args, ...call.keywords.values()];
    note(call.callee.base.id, given.flatMap(namesIn));
  }
  return candidates.filter(({ name }) => {
    const owners = [...uses].filter(([owner, used]) => used.has(name) && !uses.get(name)?.has(owner));
    return owners.length === 0 && !(aliases.has(name) && candidates.length > 1);
  });
}

function namesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case "name":
      return [expression.id];
    case "attribute":
      return namesIn(expression.base);
    case "call":
      return [expression.callee, ...expression.args, ...expression.keywords.values()].flatMap(namesIn);
    case "either":
      return expression.options.flatMap(namesIn);
    case "items":
      return expression.items.flatMap(namesIn);
    case "lambda":
    case "string":
    case "number":
    case "literal":
    case "other":
      break;
  }
  return [];
}

/** The candidate that a server call is given, by name. */
export function servedName(target: Expression | undefined, frame: Frame, module: Module): string | undefined {
  return frame.module === module && target?.kind === "name" ? target.id : undefined;
}
