import { evaluateCall, invoke } from "./calls.ts";
import { boundMethod, evaluateBases, findMember, type Member } from "./classes.ts";
import type { Binding, ClassFacts, Expression, Scope } from "./facts.ts";
import { frameworkOfMember } from "./frameworks.ts";
import { locateWithin } from "./modules.ts";
import { lookUp, namesOf } from "./names.ts";
import type { Module, Project } from "./project.ts";
import {
  type At,
  best,
  type Interpreter,
  type Frame,
  type FunctionValue,
  type Owner,
  packagePath,
  type Item,
  topOf,
  UNKNOWN,
  type Value,
} from "./value.ts";

// Our own: nothing on npm evaluates Python without running it, and Pyodide would run what was uploaded.

/** How far names lead through calls and modules. What is deeper stays unknown. */
const MAX_DEPTH = 40;
/** The steps that one evaluator takes at most, in some 50 ms. */
const MAX_STEPS = 50_000;

export type Evaluator = {
  project: Project;
  /** The names of a module, each with its last binding. */
  names(module: Module): ReadonlyMap<string, Binding>;
  /** What a name stands for at the end of a module. */
  name(module: Module, name: string): Value;
  expression(expression: Expression, frame: Frame): Value;
  /** The texts of a list or a tuple. Undefined for another value, and where an item is no known text. */
  texts(value: Value): string[] | undefined;
  /** The value of a call of a function of the tarball, without arguments. */
  result(value: FunctionValue): Value;
  member(owner: Owner, name: string): Member;
};

/** Follows names through assignments, imports and calls. No code is run. */
export function createEvaluator(project: Project): Evaluator {
  let steps = 0;
  const bindings = new Map<Scope, Map<string, Binding[]>>();
  const bases = new Map<ClassFacts, Value[]>();
  const names = new Map<Module, Map<string, Binding>>();
  const interpreter: Interpreter = {
    project,
    evaluate: (expression, at) => evaluate(interpreter, expression, at),
    attribute: (base, name, at) => attributeOf(interpreter, base, { name, at }),
    invoke: (value, given, depth) => invoke(interpreter, value, { given, depth }),
    bindings: (scope, name) => remember(bindings, scope, () => byName(scope)).get(name) ?? [],
    bases: (owner) => {
      const known = bases.get(owner.class);
      if (known !== undefined) return known;
      // A class that is its own base ends here.
      bases.set(owner.class, []);
      const found = evaluateBases(interpreter, owner);
      bases.set(owner.class, found);
      return found;
    },
    step: (depth) => {
      steps += 1;
      return steps < MAX_STEPS && depth < MAX_DEPTH;
    },
  };
  return {
    project,
    names: (module) => remember(names, module, () => namesOf(project, module)),
    name: (module, name) => lookUp(interpreter, name, { frame: topOf(module), depth: 0 }),
    expression: (expression, frame) => evaluate(interpreter, expression, { frame, depth: 0 }),
    texts: (value) => (value.kind === "literal" ? textsOf(interpreter, value) : undefined),
    result: (value) => invoke(interpreter, value, { given: new Map(), depth: 0 }),
    member: (owner, name) => findMember(interpreter, owner, name),
  };
}

function remember<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

function byName({ bindings }: Scope): Map<string, Binding[]> {
  return Map.groupBy(bindings, ({ name }) => name);
}

function evaluate(interpreter: Interpreter, expression: Expression, { frame, depth }: At): Value {
  if (!interpreter.step(depth)) return UNKNOWN;
  const at: At = { frame, depth: depth + 1 };
  switch (expression.kind) {
    case "name":
      return lookUp(interpreter, expression.id, at);
    case "attribute":
      return attributeOf(interpreter, evaluate(interpreter, expression.base, at), {
        name: expression.name,
        at,
      });
    case "subscript": {
      const by = packagePath(evaluate(interpreter, expression.base, at));
      return by === undefined ? UNKNOWN : { kind: "made", by };
    }
    case "call":
      return evaluateCall(interpreter, expression, at);
    case "lambda":
      return { kind: "lambda", parameters: expression.parameters };
    case "either":
      return best(expression.options.map((option) => evaluate(interpreter, option, at)));
    case "string":
      return { kind: "text", text: expression.value };
    case "number":
      return { kind: "number", number: expression.value };
    case "items":
      return { kind: "literal", items: expression.items.map((item) => ({ expression: item, frame })) };
    case "sum":
      return sum(evaluate(interpreter, expression.left, at), evaluate(interpreter, expression.right, at));
    case "pipe":
      return pipe(evaluate(interpreter, expression.left, at), evaluate(interpreter, expression.right, at));
    case "literal":
      return { kind: "literal" };
    case "other":
      break;
  }
  return UNKNOWN;
}

/** Of `{"topic": ask} | prompt | model` one part is enough to say whose operator it is. */
function pipe(left: Value, right: Value): Value {
  const by = packagePath(left) ?? packagePath(right);
  return by === undefined ? UNKNOWN : { kind: "made", by: `${by}.__or__` };
}

function sum(left: Value, right: Value): Value {
  if (left.kind === "text" && right.kind === "text") return { kind: "text", text: left.text + right.text };
  if (left.kind !== "literal" || right.kind !== "literal") return UNKNOWN;
  if (left.items === undefined || right.items === undefined) return UNKNOWN;
  return { kind: "literal", items: [...left.items, ...right.items] };
}

function textsOf(interpreter: Interpreter, { items }: { items?: readonly Item[] }): string[] | undefined {
  const values = items?.map(({ expression, frame }) =>
    evaluate(interpreter, expression, { frame, depth: 0 }),
  );
  const texts = values?.flatMap((value) => (value.kind === "text" ? [value.text] : []));
  return texts?.length === values?.length ? texts : undefined;
}

function attributeOf(interpreter: Interpreter, base: Value, { name, at }: { name: string; at: At }): Value {
  switch (base.kind) {
    case "module": {
      const { modules, inventory } = interpreter.project;
      const module = "file" in base.located ? modules.get(base.located.file) : undefined;
      const value =
        module === undefined
          ? UNKNOWN
          : lookUp(interpreter, name, { frame: topOf(module), depth: at.depth + 1 });
      if (value.kind !== "unknown") return value;
      const inner = locateWithin(base.located, name, inventory);
      return inner === undefined ? UNKNOWN : { kind: "module", located: inner };
    }
    case "external":
      return { kind: "external", path: `${base.path}.${name}` };
    case "made": {
      const framework = frameworkOfMember(base.by, name);
      if (framework !== undefined) return { kind: "app", framework, maker: base.by };
      return { kind: "made", by: `${base.by}.${name}` };
    }
    case "app": {
      const framework = frameworkOfMember(base.maker, name);
      return framework === undefined ? UNKNOWN : { kind: "app", framework, maker: base.maker };
    }
    case "class":
    case "instance":
      return boundMethod(interpreter, base, name);
    case "function":
    case "lambda":
    case "text":
    case "number":
    case "literal":
    case "unknown":
      break;
  }
  return UNKNOWN;
}
