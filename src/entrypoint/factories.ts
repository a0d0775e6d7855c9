import type { Evaluator } from "../python/evaluate.ts";
import { callOf, expressionOf } from "../python/expressions.ts";
import type { Expression } from "../python/facts.ts";
import type { Framework } from "../python/frameworks.ts";
import type { Module } from "../python/project.ts";
import { type FunctionValue, topOf, type Value } from "../python/value.ts";
import { type Choice, serveObject, type Subject } from "./choice.ts";
import { article, listed, pasteLine, refuse } from "./refuse.ts";

export const FACTORY_NAMES = ["create_app", "make_app", "build_app", "get_app"];

type Factory = {
  name: string;
  /** Undefined when only its name says that it makes an application. */
  framework: Framework | undefined;
  /** Parameters without a default. With any of them it cannot be called. */
  required: string[];
};

/**
 * A function that makes the application.
 *
 * @param proof `shown`: the source shows that it returns one. `named`: one of the usual names is enough.
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

/** What the return annotation names. Without a usual name, a function that only returns an application is no factory. */
function promised(evaluator: Evaluator, { function: { returns }, module }: FunctionValue): Value {
  if (returns === undefined) return { kind: "unknown" };
  // An annotation names a class, and a call of the class gives the value.
  return evaluator.expression(callOf(unquoted(returns)), topOf(module));
}

/** The name in `-> "fastapi.FastAPI"`. */
function unquoted(annotation: Expression): Expression {
  return annotation.kind === "string" ? expressionOf(annotation.value.split(".")) : annotation;
}

function orderOf({ name }: Factory): number {
  const order = FACTORY_NAMES.indexOf(name);
  return order === -1 ? FACTORY_NAMES.length : order;
}
