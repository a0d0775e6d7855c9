import type { Parameter } from "../python/facts.ts";
import type { Evaluator } from "../python/evaluate.ts";
import { packagePath, topOf, type Value, withoutFirst } from "../python/value.ts";
import { article } from "./refuse.ts";
import type { Module } from "../python/project.ts";

/** Whether something can be called with the input. `how` and `why` are ends of sentences. */
export type Fit = { fits: true; how: string } | { fits: false; why: string };

const CONTEXT = "context";
/** Commands of these packages read the command line, and take no input. */
const COMMAND_LINE = /^(?:click|rich_click|asyncclick|typer|cyclopts|fire|hydra|absl)\./u;
/** Objects that are named `handler` for another reason, such as `logging.StreamHandler()`. */
const LOG_HANDLER = /^(?:logging|loguru|structlog)\.|Handler$/u;

/** Whether a value can be called as `handler(input)`. */
export function fitOfHandler(evaluator: Evaluator, module: Module, value: Value): Fit {
  switch (value.kind) {
    case "function": {
      const command = commandDecorator(evaluator, value);
      if (command !== undefined)
        return { fits: false, why: `is a command of ${command}, which reads the command line` };
      const kind = value.function.isAsync ? "an async function" : "a function";
      const own = value.module === module ? "" : ` of ${value.module.file}`;
      // A decorator may change the parameters.
      if (value.function.decorators.length > 0) return { fits: true, how: `${kind}${own}, decorated` };
      return fitOfParameters(value.function.parameters, `${kind}${own}`);
    }
    case "lambda":
      return fitOfParameters(value.parameters, "a lambda");
    case "instance": {
      const member = evaluator.member(value, "__call__");
      if (member.kind === "function")
        return fitOfParameters(withoutFirst(member.function.parameters), "a callable instance");
      if (member.kind === "absent") return { fits: false, why: "is an instance whose class has no __call__" };
      return { fits: true, how: "a callable instance" };
    }
    case "class":
      return {
        fits: false,
        why: "is a class; write an instance of it, or class Agent with run(self, input)",
      };
    case "made":
      if (LOG_HANDLER.test(value.by)) return { fits: false, why: `is a ${value.by}` };
      return { fits: true, how: `a callable made by ${value.by}` };
    case "external":
      return { fits: false, why: `comes from the package ${value.path.split(".")[0]}, not from the tarball` };
    case "unknown":
      return { fits: true, how: "assigned there" };
    case "app":
      return { fits: false, why: `is ${article(value.framework.title)} ${value.framework.title}` };
    case "module":
      return { fits: false, why: "is a module" };
    case "text":
    case "number":
    case "literal":
      break;
  }
  return { fits: false, why: "is not callable" };
}

/** The input comes first, then at most a parameter named `context`. Any other must have a default. */
function fitOfParameters(parameters: readonly Parameter[], how: string): Fit {
  const positional = parameters.filter(({ kind }) => kind === "positional");
  const keyword = parameters.find(({ kind, required }) => kind === "keyword-only" && required);
  if (keyword !== undefined && keyword.name !== CONTEXT) {
    return { fits: false, why: `needs the keyword argument ${keyword.name}, where only the input is given` };
  }
  const [first, ...others] = positional;
  if (first === undefined && !parameters.some(({ kind }) => kind === "rest")) {
    return { fits: false, why: "takes no input" };
  }
  const extra = others.find(({ name, required }) => required && name !== CONTEXT);
  if (extra !== undefined) {
    return {
      fits: false,
      why: `needs ${extra.name} too, where the input is given, and a second parameter only if it is named context`,
    };
  }
  return { fits: true, how };
}

/** Whether a class has `run(self, input)`, its own or inherited inside the tarball. */
export function fitOfAgent(evaluator: Evaluator, value: Value): Fit {
  const path = packagePath(value);
  if (path !== undefined) {
    return { fits: false, why: `comes from the package ${path.split(".")[0]}, not from the tarball` };
  }
  if (value.kind !== "class" && value.kind !== "instance") return { fits: false, why: "is not a class" };
  const run = evaluator.member(value, "run");
  if (run.kind === "absent") return { fits: false, why: "has no run(self, input)" };
  if (run.kind === "outside")
    return { fits: false, why: "has no run(self, input) of its own or from a class in the tarball" };
  if (run.kind === "function") {
    const bare = run.function.decorators.length === 0;
    const isStatic = run.function.decorators.some(
      (decorator) => decorator.kind === "name" && decorator.id === "staticmethod",
    );
    const parameters = isStatic ? run.function.parameters : withoutFirst(run.function.parameters);
    const fit: Fit = bare || isStatic ? fitOfParameters(parameters, "run") : { fits: true, how: "run" };
    if (!fit.fits) return { fits: false, why: `has a run that ${fit.why}` };
  }
  return value.kind === "class"
    ? constructible(evaluator, value)
    : { fits: true, how: "an instance with run" };
}

/** Whether an instance of a class can be made without arguments. */
export function constructible(evaluator: Evaluator, value: Extract<Value, { kind: "class" }>): Fit {
  const init = evaluator.member(value, "__init__");
  const needed =
    init.kind === "function"
      ? withoutFirst(init.function.parameters).find(({ required }) => required)
      : undefined;
  if (needed === undefined) return { fits: true, how: "a class with run" };
  return {
    fits: false,
    why: `has an __init__ that needs ${needed.name}; it is made with no arguments, so give ${needed.name} a default`,
  };
}

function commandDecorator(
  evaluator: Evaluator,
  value: Extract<Value, { kind: "function" }>,
): string | undefined {
  for (const decorator of value.function.decorators) {
    const path = packagePath(evaluator.expression(decorator, topOf(value.module))) ?? "";
    if (COMMAND_LINE.test(path)) return path.split(".")[0];
  }
  return undefined;
}
