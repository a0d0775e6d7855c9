import type {
  Binding,
  BoundValue,
  Call,
  ClassFacts,
  Expression,
  FunctionFacts,
  Parameter,
  Scope,
} from "./facts.ts";
import {
  type Framework,
  frameworkFirstOf,
  frameworkMadeBy,
  frameworkOfMember,
  isWrapper,
  RAW_ASGI,
  RAW_WSGI,
} from "./frameworks.ts";
import { locateWithin, type Located } from "./modules.ts";
import { locateReference, type Module, type Project } from "./project.ts";

/** Of calls within calls and names through modules; what is deeper stays unknown. */
const MAX_DEPTH = 24;
/** Steps of one detection, so that names which lead to each other end. */
const MAX_STEPS = 20_000;

/** What a name or expression stands for, as far as reading can tell. */
export type Value =
  | { kind: "app"; framework: Framework; maker: string }
  | { kind: "function"; function: FunctionFacts; module: Module }
  | { kind: "class"; class: ClassFacts; module: Module }
  | { kind: "instance"; class: ClassFacts; module: Module }
  | { kind: "lambda"; parameters: Parameter[] }
  /** Something of a package outside the tarball, by its full name. */
  | { kind: "external"; path: string }
  /** What calling that gave. */
  | { kind: "made"; by: string }
  | { kind: "module"; located: NonNullable<Located> }
  | { kind: "text"; text: string }
  | { kind: "number"; number: number }
  | { kind: "literal" }
  | { kind: "unknown" };

export type Frame = {
  module: Module;
  /** Only what was bound before counts; infinite inside functions, which run later. */
  before: number;
  local?: { scope: Scope; given: ReadonlyMap<string, Value> };
};

export type Evaluator = {
  project: Project;
  /** What `name` stands for at the end of the module. */
  name(module: Module, name: string): Value;
  expression(expression: Expression, frame: Frame): Value;
  /** What calling a function of the tarball with nothing gives. */
  result(value: Extract<Value, { kind: "function" }>): Value;
  member(owner: { class: ClassFacts; module: Module }, name: string): Member;
};

/** `outside`: not in the tarball's classes, but a base from outside may have it. */
export type Member = { kind: "function"; function: FunctionFacts } | { kind: "value" | "outside" | "absent" };

const UNKNOWN: Value = { kind: "unknown" };
const LITERAL: Value = { kind: "literal" };
const NOTHING_GIVEN: ReadonlyMap<string, Value> = new Map();

export function createEvaluator(project: Project): Evaluator {
  const state: State = { project, steps: 0 };
  return {
    project,
    name: (module, name) => lookUp(state, name, { frame: topOf(module), depth: 0 }),
    expression: (expression, frame) => evaluate(state, expression, { frame, depth: 0 }),
    result: (value) => invoke(state, value, { given: NOTHING_GIVEN, depth: 0 }),
    member: (owner, name) => findMember(state, owner, { name, depth: 0 }),
  };
}

export function topOf(module: Module): Frame {
  return { module, before: Infinity };
}

/** `async def app(scope, receive, send)`, `def app(environ, start_response)`, by the names of the parameters. */
export function rawFramework(
  parameters: readonly Parameter[],
  isMethod: "method" | "function",
): Framework | undefined {
  const required = parameters.filter(({ kind, required }) => kind === "positional" && required);
  const [first, second, third, ...more] = (isMethod === "method" ? required.slice(1) : required).map(
    ({ name }) => name,
  );
  if (first === undefined || second === undefined || more.length > 0) return undefined;
  if (first.endsWith("scope") && /receive$|^recv$/u.test(second) && third !== undefined) return RAW_ASGI;
  return third === undefined && /env/u.test(first) && /start/u.test(second) ? RAW_WSGI : undefined;
}

type State = { project: Project; steps: number };
type At = { frame: Frame; depth: number };

function evaluate(state: State, expression: Expression, { frame, depth }: At): Value {
  state.steps += 1;
  if (depth > MAX_DEPTH || state.steps > MAX_STEPS) return UNKNOWN;
  const at: At = { frame, depth: depth + 1 };
  switch (expression.kind) {
    case "name":
      return lookUp(state, expression.id, at);
    case "attribute":
      return attributeOf(state, evaluate(state, expression.base, at), { name: expression.name, at });
    case "call":
      return evaluateCall(state, expression, at);
    case "lambda":
      return { kind: "lambda", parameters: expression.parameters };
    case "either":
      return best(expression.options.map((option) => evaluate(state, option, at)));
    case "string":
      return { kind: "text", text: expression.value };
    case "number":
      return { kind: "number", number: expression.value };
    case "items":
    case "literal":
      return LITERAL;
    case "other":
      break;
  }
  return UNKNOWN;
}

function lookUp(state: State, name: string, at: At): Value {
  state.steps += 1;
  if (at.depth > MAX_DEPTH || state.steps > MAX_STEPS) return UNKNOWN;
  const { local, module, before } = at.frame;
  if (local !== undefined) {
    const inside = live(local.scope.bindings, name, Infinity);
    if (inside.length > 0) return best(inside.map((binding) => valueOf(state, binding, at)));
    const given = local.given.get(name);
    if (given !== undefined) return given;
  }
  const frame: Frame = local === undefined ? at.frame : { module, before: Infinity };
  const bindings = live(module.facts.top.bindings, name, before);
  if (bindings.length > 0) {
    return best(bindings.map((binding) => valueOf(state, binding, { frame, depth: at.depth })));
  }
  return throughStars(state, name, { frame, depth: at.depth + 1 });
}

/** The last binding, and those before it that it may not have replaced. */
function live(bindings: readonly Binding[], name: string, before: number): Binding[] {
  const found: Binding[] = [];
  for (const binding of bindings.toReversed()) {
    if (binding.name !== name || binding.order >= before) continue;
    if (binding.value.kind === "deleted" && !binding.conditional) break;
    found.push(binding);
    if (!binding.conditional) break;
  }
  return found;
}

function valueOf(state: State, { name, value, order }: Binding, { frame, depth }: At): Value {
  const { module } = frame;
  // What a name meant when this statement ran: `app = Middleware(app)` is not about itself.
  const at: At = { frame: frame.local === undefined ? { module, before: order } : frame, depth: depth + 1 };
  switch (value.kind) {
    case "function":
      return decorated(state, value.function, at);
    case "class":
      return { kind: "class", class: value.class, module };
    case "import":
      return imported(state, value, at);
    case "expression": {
      if (frame.local !== undefined && isItself(value.value, name)) return UNKNOWN;
      const evaluated = evaluate(state, value.value, at);
      if (evaluated.kind === "made") return dressed(state, { value: value.value, name, at }) ?? evaluated;
      if (evaluated.kind !== "unknown" || value.annotation === undefined) return evaluated;
      return instanceOf(state, evaluate(state, value.annotation, at));
    }
    case "item":
      return item(state, value, at);
    case "deleted":
    case "unknown":
      break;
  }
  return UNKNOWN;
}

/** Inside a function the order of bindings is not kept apart, so `x = x` there would go round for ever. */
function isItself(expression: Expression, name: string): boolean {
  return expression.kind === "name" && expression.id === name;
}

/** `app = Anything(app)`: who gives it the same name means it to be the same application. */
function dressed(
  state: State,
  { value, name, at }: { value: Expression; name: string; at: At },
): Value | undefined {
  if (value.kind !== "call") return undefined;
  const inner = [...value.args, ...value.keywords.values()].find((argument) => isItself(argument, name));
  const app = inner === undefined ? undefined : evaluate(state, inner, at);
  return app?.kind === "app" ? app : undefined;
}

function decorated(state: State, facts: FunctionFacts, at: At): Value {
  for (const decorator of facts.decorators) {
    const value = evaluate(state, decorator, at);
    // `@Request.application def app(request)` of Werkzeug.
    if (value.kind === "external" && /^werkzeug\..*\.application$/u.test(value.path)) {
      return { kind: "app", framework: RAW_WSGI, maker: value.path };
    }
  }
  const raw = rawFramework(facts.parameters, "function");
  if (raw !== undefined) return { kind: "app", framework: raw, maker: "" };
  return { kind: "function", function: facts, module: at.frame.module };
}

function imported(state: State, { from, name }: Extract<BoundValue, { kind: "import" }>, at: At): Value {
  const located = locateReference(from, at.frame.module.file, state.project);
  if (located === undefined) {
    if (from.level > 0) return UNKNOWN;
    return { kind: "external", path: name === undefined ? from.path : `${from.path}.${name}` };
  }
  const module: Value = { kind: "module", located };
  return name === undefined ? module : attributeOf(state, module, { name, at });
}

function throughStars(state: State, name: string, { frame, depth }: At): Value {
  for (const star of frame.module.facts.top.stars.toReversed()) {
    const located = locateReference(star, frame.module.file, state.project);
    if (located !== undefined) {
      const value = attributeOf(state, { kind: "module", located }, { name, at: { frame, depth } });
      if (value.kind !== "unknown") return value;
    } else if (star.level === 0) {
      const path = `${star.path}.${name}`;
      if (frameworkMadeBy(path) ?? frameworkFirstOf(path)) return { kind: "external", path };
    }
  }
  return UNKNOWN;
}

function attributeOf(state: State, base: Value, { name, at }: { name: string; at: At }): Value {
  switch (base.kind) {
    case "module": {
      const module = "file" in base.located ? state.project.modules.get(base.located.file) : undefined;
      if (module !== undefined) {
        const value = lookUp(state, name, { frame: topOf(module), depth: at.depth + 1 });
        if (value.kind !== "unknown") return value;
      }
      const inner = locateWithin(base.located, name, state.project.inventory);
      return inner === undefined ? UNKNOWN : { kind: "module", located: inner };
    }
    case "external":
      return { kind: "external", path: `${base.path}.${name}` };
    case "made":
    case "app": {
      const maker = base.kind === "made" ? base.by : base.maker;
      const framework = frameworkOfMember(maker, name);
      if (framework !== undefined) return { kind: "app", framework, maker };
      return base.kind === "made" ? { kind: "made", by: `${maker}.${name}` } : UNKNOWN;
    }
    case "class":
    case "instance": {
      const member = findMember(state, base, { name, depth: at.depth });
      return member.kind === "function"
        ? { kind: "function", function: member.function, module: base.module }
        : UNKNOWN;
    }
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

function evaluateCall(state: State, call: Call, at: At): Value {
  const callee = evaluate(state, call.callee, at);
  const given = () =>
    [...call.args, ...call.keywords.values()].map((argument) => evaluate(state, argument, at));
  switch (callee.kind) {
    case "external": {
      const framework = frameworkMadeBy(callee.path);
      if (framework !== undefined) return { kind: "app", framework, maker: callee.path };
      const member = memberFramework(callee.path);
      if (member !== undefined) return { kind: "app", framework: member, maker: callee.path };
      return wrapped(callee.path, given) ?? { kind: "made", by: callee.path };
    }
    case "class":
      return instanceOf(state, callee);
    case "function":
      return invoke(state, callee, { given: bindArguments(state, call, { callee, at }), depth: at.depth });
    // A method of an application that gives an application, called: `mcp.http_app()`.
    case "app":
      return callee;
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

/** `FastMCP.from_fastapi(…)`: a class method of a framework's class. */
function memberFramework(path: string): Framework | undefined {
  const parts = path.split(".");
  const owner = parts.slice(0, -1).join(".");
  return frameworkMadeBy(owner) === undefined ? undefined : frameworkOfMember(owner, parts.at(-1) ?? "");
}

function wrapped(path: string, given: () => Value[]): Value | undefined {
  if (!isWrapper(path)) return undefined;
  const app = given().find((value) => value.kind === "app" || isCallableInstance(value));
  return app?.kind === "app" ? app : undefined;
}

function isCallableInstance(value: Value): boolean {
  return value.kind === "instance" && value.class.members.has("__call__");
}

function bindArguments(
  state: State,
  call: Call,
  { callee, at }: { callee: Extract<Value, { kind: "function" }>; at: At },
): ReadonlyMap<string, Value> {
  const given = new Map<string, Value>();
  const positional = callee.function.parameters.filter(({ kind }) => kind === "positional");
  for (const [index, argument] of call.args.entries()) {
    const name = positional[index]?.name;
    if (name !== undefined) given.set(name, evaluate(state, argument, at));
  }
  for (const [name, argument] of call.keywords) given.set(name, evaluate(state, argument, at));
  return given;
}

function invoke(
  state: State,
  { function: facts, module }: Extract<Value, { kind: "function" }>,
  { given, depth }: { given: ReadonlyMap<string, Value>; depth: number },
): Value {
  const frame: Frame = { module, before: Infinity, local: { scope: facts.body, given } };
  const value = best(
    facts.body.returned.map((expression) => evaluate(state, expression, { frame, depth: depth + 1 })),
  );
  if (value.kind === "app" || facts.returns === undefined) return value;
  const promised = instanceOf(
    state,
    evaluate(state, facts.returns, { frame: topOf(module), depth: depth + 1 }),
  );
  return promised.kind === "app" ? promised : value;
}

/** What calling a class gives, which is also what an annotation with it promises. */
function instanceOf(state: State, value: Value): Value {
  if (value.kind === "external") {
    const framework = frameworkMadeBy(value.path);
    return framework === undefined ? UNKNOWN : { kind: "app", framework, maker: value.path };
  }
  if (value.kind !== "class") return UNKNOWN;
  const inherited = frameworkOfClass(state, value, 0);
  if (inherited !== undefined) return inherited;
  const call = findMember(state, value, { name: "__call__", depth: 0 });
  if (call.kind === "function") {
    const framework = rawFramework(call.function.parameters, "method");
    if (framework !== undefined) return { kind: "app", framework, maker: "" };
  }
  return { kind: "instance", class: value.class, module: value.module };
}

type Owner = { class: ClassFacts; module: Module };

function frameworkOfClass(
  state: State,
  owner: Owner,
  depth: number,
): Extract<Value, { kind: "app" }> | undefined {
  for (const base of basesOf(state, owner, depth)) {
    if (base.kind === "external") {
      const framework = frameworkMadeBy(base.path);
      if (framework !== undefined) return { kind: "app", framework, maker: base.path };
    }
    const inherited = base.kind === "class" ? frameworkOfClass(state, base, depth + 1) : undefined;
    if (inherited !== undefined) return inherited;
  }
  return undefined;
}

function findMember(state: State, owner: Owner, { name, depth }: { name: string; depth: number }): Member {
  if (owner.class.members.has(name)) {
    const facts = owner.class.members.get(name);
    return facts === undefined ? { kind: "value" } : { kind: "function", function: facts };
  }
  let outside = false;
  for (const base of basesOf(state, owner, depth)) {
    if (base.kind !== "class") outside = true;
    const member = base.kind === "class" ? findMember(state, base, { name, depth: depth + 1 }) : undefined;
    if (member?.kind === "outside") outside = true;
    else if (member !== undefined && member.kind !== "absent") return member;
  }
  return { kind: outside ? "outside" : "absent" };
}

function basesOf(state: State, owner: Owner, depth: number): Value[] {
  if (depth > MAX_DEPTH) return [];
  // A class is read where it was made: `class Agent(Agent)` has the earlier one as its base.
  const made = owner.module.facts.top.bindings.find(
    ({ value }) => value.kind === "class" && value.class === owner.class,
  );
  const frame: Frame = { module: owner.module, before: made?.order ?? Infinity };
  return owner.class.bases
    .filter((base) => base.kind !== "name" || base.id !== "object")
    .map((base) => evaluate(state, base, { frame, depth }));
}

function item(state: State, { value, index }: Extract<BoundValue, { kind: "item" }>, at: At): Value {
  if (value.kind === "items") {
    const part = value.items[index];
    return part === undefined ? UNKNOWN : evaluate(state, part, at);
  }
  if (value.kind !== "call") return UNKNOWN;
  const callee = evaluate(state, value.callee, at);
  if (index === 0 && callee.kind === "external") {
    const framework = frameworkFirstOf(callee.path);
    if (framework !== undefined) return { kind: "app", framework, maker: callee.path };
  }
  if (callee.kind !== "function") return UNKNOWN;
  const frame: Frame = {
    module: callee.module,
    before: Infinity,
    local: { scope: callee.function.body, given: bindArguments(state, value, { callee, at }) },
  };
  const parts = callee.function.body.returned.map((returned) =>
    returned.kind === "items" ? returned.items[index] : undefined,
  );
  return best(
    parts.map((part) =>
      part === undefined ? UNKNOWN : evaluate(state, part, { frame, depth: at.depth + 1 }),
    ),
  );
}

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

/** Of the things that a name may stand for, the one that could be served. */
function best(values: readonly Value[]): Value {
  let chosen: Value = UNKNOWN;
  let rank = -1;
  for (const value of values) {
    if (RANK[value.kind] > rank) {
      chosen = value;
      rank = RANK[value.kind];
    }
  }
  return chosen;
}
