import { bindArguments } from "./calls.ts";
import { instanceOf } from "./classes.ts";
import type { Binding, BoundValue, Expression, FunctionFacts } from "./facts.ts";
import { frameworkFirstOf, isGivenByStar, RAW_WSGI } from "./frameworks.ts";
import { locateReference, type Module, type Project } from "./project.ts";
import {
  type At,
  best,
  type Interpreter,
  type Frame,
  inside,
  rawFramework,
  UNKNOWN,
  type Value,
} from "./value.ts";

const MAX_STAR_DEPTH = 8;
/** How many conditional bindings of a name are looked at. */
const MAX_ALTERNATIVES = 8;

/** The value of a name at a place. */
export function lookUp(interpreter: Interpreter, name: string, { frame, depth }: At): Value {
  if (!interpreter.step(depth)) return UNKNOWN;
  const { local, module, before } = frame;
  if (local !== undefined) {
    const bindings = live(interpreter.bindings(local.scope, name), Infinity);
    if (bindings.length > 0)
      return best(bindings.map((binding) => valueOf(interpreter, binding, { frame, depth })));
    const given = local.given.get(name);
    if (given !== undefined) return given;
  }
  const at: At = { frame: { module, before: local === undefined ? before : Infinity }, depth: depth + 1 };
  const bindings = live(interpreter.bindings(module.facts.top, name), at.frame.before);
  if (bindings.length > 0) return best(bindings.map((binding) => valueOf(interpreter, binding, at)));
  return throughStars(interpreter, name, at);
}

/** The names at the end of a module, with those of `import *` from modules of the tarball. */
export function namesOf(project: Project, module: Module): Map<string, Binding> {
  return collect(module, 0);

  function collect({ file, facts }: Module, depth: number): Map<string, Binding> {
    const names = new Map<string, Binding>();
    for (const star of depth < MAX_STAR_DEPTH ? facts.top.stars : []) {
      const located = locateReference(star, file, project);
      const starred =
        located !== undefined && "file" in located ? project.modules.get(located.file) : undefined;
      if (starred === undefined || starred.file === file) continue;
      for (const [name, binding] of collect(starred, depth + 1)) {
        if (!name.startsWith("_")) names.set(name, binding);
      }
    }
    for (const binding of facts.top.bindings) {
      if (binding.value.kind !== "deleted") names.set(binding.name, binding);
      else if (!binding.conditional) names.delete(binding.name);
    }
    return names;
  }
}

/** The last binding and, if it is conditional, those before it. */
function live(bindings: readonly Binding[], before: number): Binding[] {
  const found: Binding[] = [];
  for (let index = bindings.length - 1; index >= 0 && found.length < MAX_ALTERNATIVES; index -= 1) {
    const binding = bindings[index];
    if (binding === undefined || binding.order >= before) continue;
    found.push(binding);
    if (!binding.conditional) break;
  }
  return found;
}

function valueOf(interpreter: Interpreter, { name, value, order }: Binding, { frame, depth }: At): Value {
  const { local, module } = frame;
  // In `app = Middleware(app)` the second `app` is the one that was bound before.
  const at: At = { frame: local === undefined ? { module, before: order } : frame, depth: depth + 1 };
  switch (value.kind) {
    case "function":
      return functionValue(interpreter, value.function, at);
    case "class":
      return { kind: "class", class: value.class, module };
    case "import":
      return imported(interpreter, value, at);
    case "expression":
      // Inside a function the order of bindings does not count, so `x = x` would never end.
      if (local !== undefined && isName(value.value, name)) return UNKNOWN;
      return assigned(interpreter, { name, value, at });
    case "item":
      return item(interpreter, value, at);
    case "deleted":
    case "unknown":
      break;
  }
  return UNKNOWN;
}

type Assignment = { name: string; value: Extract<BoundValue, { kind: "expression" }>; at: At };

function assigned(interpreter: Interpreter, { name, value, at }: Assignment): Value {
  const evaluated = interpreter.evaluate(value.value, at);
  if (evaluated.kind !== "made" && evaluated.kind !== "unknown") return evaluated;
  if (value.annotation !== undefined) {
    const promised = instanceOf(interpreter, interpreter.evaluate(value.annotation, at));
    if (promised.kind === "app") return promised;
  }
  // `app = anything(app)`: by its name, the result is meant to be the same application.
  const parts = value.value.kind === "call" ? [...value.value.args, ...value.value.keywords.values()] : [];
  const inner = parts.find((part) => isName(part, name));
  const dressed = inner === undefined ? UNKNOWN : interpreter.evaluate(inner, at);
  return dressed.kind === "app" ? dressed : evaluated;
}

function isName(expression: Expression, name: string): boolean {
  return expression.kind === "name" && expression.id === name;
}

function functionValue(interpreter: Interpreter, facts: FunctionFacts, at: At): Value {
  for (const decorator of facts.decorators) {
    const value = interpreter.evaluate(decorator, at);
    // `@Request.application def app(request)` of Werkzeug.
    if (value.kind === "external" && /^werkzeug\..*\.application$/u.test(value.path)) {
      return { kind: "app", framework: RAW_WSGI, maker: value.path };
    }
  }
  const framework = rawFramework(facts.parameters);
  if (framework !== undefined) return { kind: "app", framework, maker: "" };
  return { kind: "function", function: facts, module: at.frame.module };
}

function imported(
  interpreter: Interpreter,
  { from, name }: Extract<BoundValue, { kind: "import" }>,
  at: At,
): Value {
  const located = locateReference(from, at.frame.module.file, interpreter.project);
  if (located === undefined) {
    if (from.level > 0) return UNKNOWN;
    return { kind: "external", path: name === undefined ? from.path : `${from.path}.${name}` };
  }
  const module: Value = { kind: "module", located };
  return name === undefined ? module : interpreter.attribute(module, name, at);
}

function throughStars(interpreter: Interpreter, name: string, { frame, depth }: At): Value {
  const { file, facts } = frame.module;
  for (const star of facts.top.stars.toReversed()) {
    const located = locateReference(star, file, interpreter.project);
    if (located !== undefined) {
      const value = interpreter.attribute({ kind: "module", located }, name, { frame, depth });
      if (value.kind !== "unknown") return value;
    } else if (star.level === 0) {
      // The names of a package are not known, but those of frameworks and servers are.
      const path = `${star.path}.${name}`;
      if (isGivenByStar(path)) return { kind: "external", path };
    }
  }
  return UNKNOWN;
}

function item(
  interpreter: Interpreter,
  { value, index }: Extract<BoundValue, { kind: "item" }>,
  at: At,
): Value {
  if (value.kind === "items") {
    const part = value.items[index];
    return part === undefined ? UNKNOWN : interpreter.evaluate(part, at);
  }
  if (value.kind !== "call") return UNKNOWN;
  const callee = interpreter.evaluate(value.callee, at);
  if (callee.kind === "external") {
    const framework = index === 0 ? frameworkFirstOf(callee.path) : undefined;
    return framework === undefined ? UNKNOWN : { kind: "app", framework, maker: callee.path };
  }
  if (callee.kind !== "function") return UNKNOWN;
  const { body } = callee.function;
  const frame: Frame = inside(callee.module, body, bindArguments(interpreter, value, { callee, at }));
  const parts = body.returned.map((returned) =>
    returned.kind === "items" ? returned.items[index] : undefined,
  );
  return best(
    parts.map((part) =>
      part === undefined ? UNKNOWN : interpreter.evaluate(part, { frame, depth: at.depth + 1 }),
    ),
  );
}
