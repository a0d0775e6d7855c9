import type { Binding, ClassFacts, Expression, FunctionFacts, Parameter, Scope } from "./facts.ts";
import { type Framework, RAW_ASGI, RAW_WSGI } from "./frameworks.ts";
import type { Located } from "./modules.ts";
import type { Module, Project } from "./project.ts";

/** What a name or an expression stands for, as far as the source tells. */
export type Value =
  /** `maker` is the full name of what made it. Empty for an application that is recognised by its signature. */
  | { kind: "app"; framework: Framework; maker: string }
  | FunctionValue
  | ClassValue
  | { kind: "instance"; class: ClassFacts; module: Module }
  | { kind: "lambda"; parameters: Parameter[] }
  /** Part of a package outside the tarball, by its full name. */
  | { kind: "external"; path: string }
  /** The result of a call of such a part, or an attribute of the result. */
  | { kind: "made"; by: string }
  | { kind: "module"; located: NonNullable<Located> }
  | { kind: "text"; text: string }
  | { kind: "number"; number: number }
  /** A list or a tuple has its items. */
  | { kind: "literal"; items?: readonly Item[] }
  | { kind: "unknown" };

/** An item of a list. It is evaluated when it is asked for, since most lists are only data. */
export type Item = { expression: Expression; frame: Frame };

/** A class of the tarball, or an instance of it. */
export type Owner = { class: ClassFacts; module: Module };
export type FunctionValue = { kind: "function"; function: FunctionFacts; module: Module };
export type ClassValue = { kind: "class"; class: ClassFacts; module: Module };

/** Where an expression stands. */
export type Frame = {
  module: Module;
  /** Only names bound before this count. Infinite inside functions, which run later. */
  before: number;
  local?: { scope: Scope; given: ReadonlyMap<string, Value> };
};

/** `depth` counts the steps that led here. It ends names that lead to each other. */
export type At = { frame: Frame; depth: number };

/** The parts of evaluation that call each other. An evaluator is what other rooms see of them. */
export type Interpreter = {
  project: Project;
  evaluate(expression: Expression, at: At): Value;
  attribute(base: Value, name: string, at: At): Value;
  /** What calling a function of the tarball gives. */
  invoke(value: FunctionValue, given: ReadonlyMap<string, Value>, depth: number): Value;
  /** The bindings of a name in a scope, in order. */
  bindings(scope: Scope, name: string): readonly Binding[];
  /** What the bases of a class stand for. */
  bases(owner: Owner): readonly Value[];
  /** Takes one step. False once no more may be taken: what is not known by then stays unknown. */
  step(depth: number): boolean;
};

export const UNKNOWN: Value = { kind: "unknown" };

const RANK: Record<Value["kind"], number> = {
  app: 9,
  function: 8,
  class: 7,
  instance: 7,
  lambda: 6,
  made: 5,
  external: 4,
  module: 3,
  text: 2,
  number: 2,
  unknown: 1,
  literal: 0,
};

/** The likeliest to be served of the things that a name may stand for. */
export function best(values: readonly Value[]): Value {
  let chosen: Value = UNKNOWN;
  let rank = -1;
  for (const value of values) {
    if (RANK[value.kind] <= rank) continue;
    chosen = value;
    rank = RANK[value.kind];
  }
  return chosen;
}

/** The frame at the end of a module. */
export function topOf(module: Module): Frame {
  return { module, before: Infinity };
}

/** The frame of a function's body, or of the `__main__` block. */
export function inside(module: Module, scope: Scope, given: ReadonlyMap<string, Value> = new Map()): Frame {
  return { module, before: Infinity, local: { scope, given } };
}

/** The scopes of a module that run: its top level and its `__main__` block. */
export function scopesOf({ facts: { top, main } }: Module): Scope[] {
  return main === undefined ? [top] : [top, main];
}

/** The frame of a scope of {@link scopesOf}, or of a function's body. */
export function frameOf(module: Module, scope: Scope): Frame {
  return scope === module.facts.top ? topOf(module) : inside(module, scope);
}

/** The full name of the part of a package that a value is, or that made it. */
export function packagePath(value: Value): string | undefined {
  if (value.kind === "external") return value.path;
  return value.kind === "made" ? value.by : undefined;
}

/** Recognises `async def app(scope, receive, send)` and `def app(environ, start_response)` by their parameters. */
export function rawFramework(parameters: readonly Parameter[]): Framework | undefined {
  const required = parameters.filter(({ kind, required }) => kind === "positional" && required);
  const [first, second, third, ...more] = required.map(({ name }) => name);
  if (first === undefined || second === undefined || more.length > 0) return undefined;
  if (third !== undefined) {
    // What is not used has any name.
    const isAsgi = first.endsWith("scope") && (/^_|^rec/u.test(second) || /^_|send/u.test(third));
    return isAsgi || (second.startsWith("rec") && /send/u.test(third)) ? RAW_ASGI : undefined;
  }
  return (/env/u.test(first) && /start/u.test(second)) || second.startsWith("start_resp")
    ? RAW_WSGI
    : undefined;
}

export function withoutFirst(parameters: readonly Parameter[]): Parameter[] {
  return parameters[0]?.kind === "positional" ? parameters.slice(1) : [...parameters];
}
