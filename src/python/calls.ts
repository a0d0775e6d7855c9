import { instanceOf } from "./classes.ts";
import type { Call } from "./facts.ts";
import { type Framework, frameworkMadeBy, frameworkOfMember, isWrapper } from "./frameworks.ts";
import {
  type At,
  best,
  type Interpreter,
  type FunctionValue,
  inside,
  topOf,
  UNKNOWN,
  type Value,
} from "./value.ts";

/** The value of a call. */
export function evaluateCall(interpreter: Interpreter, call: Call, at: At): Value {
  const callee = interpreter.evaluate(call.callee, at);
  switch (callee.kind) {
    case "external":
      return callPackage(interpreter, { path: callee.path, call, at });
    case "class":
      return instanceOf(interpreter, callee);
    case "function":
      return interpreter.invoke(callee, bindArguments(interpreter, call, { callee, at }), at.depth);
    // `mcp.http_app()`: a method of an application that gives an application.
    case "app":
    case "made":
      return callee;
    case "instance":
    case "lambda":
    case "module":
    case "text":
    case "number":
    case "literal":
    case "unknown":
      break;
  }
  return UNKNOWN;
}

/** What a function of the tarball returns, or else what its return annotation names. */
export function invoke(
  interpreter: Interpreter,
  { function: facts, module }: FunctionValue,
  { given, depth }: { given: ReadonlyMap<string, Value>; depth: number },
): Value {
  const frame = inside(module, facts.body, given);
  const returned = facts.body.returned.map((expression) =>
    interpreter.evaluate(expression, { frame, depth: depth + 1 }),
  );
  const value = best(returned);
  if (value.kind === "app" || facts.returns === undefined) return value;
  const promised = instanceOf(
    interpreter,
    interpreter.evaluate(facts.returns, { frame: topOf(module), depth: depth + 1 }),
  );
  return promised.kind === "app" ? promised : value;
}

export function bindArguments(
  interpreter: Interpreter,
  call: Call,
  { callee, at }: { callee: FunctionValue; at: At },
): ReadonlyMap<string, Value> {
  const given = new Map<string, Value>();
  const positional = callee.function.parameters.filter(({ kind }) => kind === "positional");
  for (const [index, argument] of call.args.entries()) {
    const name = positional[index]?.name;
    if (name !== undefined) given.set(name, interpreter.evaluate(argument, at));
  }
  for (const [name, argument] of call.keywords) given.set(name, interpreter.evaluate(argument, at));
  return given;
}

function callPackage(
  interpreter: Interpreter,
  { path, call, at }: { path: string; call: Call; at: At },
): Value {
  const framework = frameworkMadeBy(path) ?? classMethodFramework(path);
  if (framework !== undefined) return { kind: "app", framework, maker: path };
  if (isWrapper(path)) {
    const given = [...call.args, ...call.keywords.values()].map((argument) =>
      interpreter.evaluate(argument, at),
    );
    const app = given.find((value) => value.kind === "app");
    if (app !== undefined) return app;
  }
  return { kind: "made", by: path };
}

/** `FastMCP.from_fastapi(…)` */
function classMethodFramework(path: string): Framework | undefined {
  const owner = path.slice(0, path.lastIndexOf("."));
  return frameworkMadeBy(owner) === undefined
    ? undefined
    : frameworkOfMember(owner, path.slice(owner.length + 1));
}
