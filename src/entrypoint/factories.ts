import type { Evaluator } from "../python/evaluate.ts";
import type { Expression } from "../python/facts.ts";
import type { Framework } from "../python/frameworks.ts";
import type { Module } from "../python/project.ts";
import { type FunctionValue, topOf, type Value } from "../python/value.ts";
import { type Choice, serveObject, type Subject } from "./choice.ts";
import { article, listed, pasteLine, refuse } from "./refuse.ts";

export const FACTORY_NAMES = ["create_app", "make_app", "build_app", "get_app"];

type Factory = {
  name: string;
  /** Undefined when only the name says that it makes an application. */
  framework: Framework | undefined;
  /** Parameters that must be given, for which it cannot be called. */
  required: string[];
};

/**
 * A function that makes the application: by one of the usual names, or by what it returns.
 *
 * @param proof `shown`: only what returns an application as far as reading can tell; `named`: a usual name is
 *   enough
 */
export function chooseFactory(subject: Subject, proof: "shown" | "named"): Choice | undefined {
  const { evaluator, module, place } = subject;
  const factories = findFactories(evaluator, module).filter(
    ({ framework }) => proof === "named" || framework !== undefined,
  );
  const [first] = factories;
  if (first === undefined) return undefined;
  const usable = factories.filter(({ required }) => required.length === 0);
  const [chosen] = usable;
  if (chosen === undefined) {
    throw refuse(
      `${first.name}() in ${module.file} makes the web application but needs ${listed(first.required, "and")}, and it is called with no arguments: ${giveDefaults(first.required)}`,
    );
  }
  if (!FACTORY_NAMES.includes(chosen.name) && usable.length > 1) {
    const lines = usable.map(({ name }) => pasteLine(place, `${name}()`));
    throw refuse(
      `${module.file} has several functions that make a web application: write one of these in oken.toml: ${lines.join(" or ")}`,
      { candidates: lines },
    );
  }
  const title = chosen.framework?.title ?? "web application";
  return serveObject({
    type: "http",
    attr: chosen.name,
    factory: true,
    serve: chosen.framework?.serve ?? "auto",
    reason: `${chosen.name}() in ${module.file} makes ${article(title)} ${title}`,
  });
}

export function requiredOf({ function: { parameters } }: FunctionValue): string[] {
  return parameters.filter(({ required }) => required).map(({ name }) => name);
}

export function giveDefaults(names: readonly string[]): string {
  return names.length === 1 ? "give it a default" : "give each a default";
}

function findFactories(evaluator: Evaluator, module: Module): Factory[] {
  const found: Factory[] = [];
  for (const name of evaluator.names(module).keys()) {
    const value = evaluator.name(module, name);
    if (value.kind !== "function") continue;
    const isNamed = FACTORY_NAMES.includes(name);
    const made = isNamed ? evaluator.result(value) : promised(evaluator, value);
    const isApp = made.kind === "app";
    if (!isApp && (!isNamed || ["literal", "text", "number"].includes(made.kind))) continue;
    found.push({ name, framework: isApp ? made.framework : undefined, required: requiredOf(value) });
  }
  return found.sort((one, other) => orderOf(one) - orderOf(other));
}

/** What the return annotation says; under any other name, a function that happens to return one is no factory. */
function promised(evaluator: Evaluator, { function: { returns }, module }: FunctionValue): Value {
  if (returns === undefined) return { kind: "unknown" };
  // An annotation names the class, and calling the class is what gives the value.
  const at = { line: 0, column: 0 };
  const call: Expression = {
    kind: "call",
    callee: unquoted(returns),
    args: [],
    keywords: new Map(),
    hasMore: false,
    at,
  };
  return evaluator.expression(call, topOf(module));
}

/** `-> "fastapi.FastAPI"` */
function unquoted(annotation: Expression): Expression {
  if (annotation.kind !== "string") return annotation;
  const [id = "", ...rest] = annotation.value.split(".");
  return rest.reduce<Expression>((base, name) => ({ kind: "attribute", base, name }), { kind: "name", id });
}

function orderOf({ name }: Factory): number {
  const order = FACTORY_NAMES.indexOf(name);
  return order === -1 ? FACTORY_NAMES.length : order;
}
