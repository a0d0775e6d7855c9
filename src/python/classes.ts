import type { FunctionFacts } from "./facts.ts";
import { frameworkMadeBy } from "./frameworks.ts";
import type { Module } from "./project.ts";
import {
  type Interpreter,
  type FunctionValue,
  type Owner,
  rawFramework,
  UNKNOWN,
  type Value,
  withoutFirst,
} from "./value.ts";

const MAX_ANCESTORS = 64;

/** `outside`: no class of the tarball has it, but a base class of a package may. */
export type Member =
  { kind: "function"; function: FunctionFacts; module: Module } | { kind: "value" | "outside" | "absent" };

/** The value of a call of a class, or of something annotated with it. */
export function instanceOf(interpreter: Interpreter, value: Value): Value {
  if (value.kind === "external") {
    const framework = frameworkMadeBy(value.path);
    return framework === undefined ? UNKNOWN : { kind: "app", framework, maker: value.path };
  }
  if (value.kind !== "class") return UNKNOWN;
  const inherited = inheritedApp(interpreter, value);
  if (inherited !== undefined) return inherited;
  const call = findMember(interpreter, value, "__call__");
  const framework =
    call.kind === "function" ? rawFramework(withoutFirst(call.function.parameters)) : undefined;
  if (framework !== undefined) return { kind: "app", framework, maker: "" };
  return { ...value, kind: "instance" };
}

export function findMember(interpreter: Interpreter, owner: Owner, name: string): Member {
  let outside = false;
  for (const found of ancestry(interpreter, owner)) {
    if (found.kind !== "class") outside = true;
    else if (found.class.members.has(name)) {
      const facts = found.class.members.get(name);
      return facts === undefined
        ? { kind: "value" }
        : { kind: "function", function: facts, module: found.module };
    }
  }
  return { kind: outside ? "outside" : "absent" };
}

/** A method without the parameter that Python itself passes. */
export function boundMethod(
  interpreter: Interpreter,
  owner: Extract<Value, { kind: "class" | "instance" }>,
  name: string,
): Value {
  const member = findMember(interpreter, owner, name);
  if (member.kind !== "function") return UNKNOWN;
  const { function: facts, module } = member;
  const marks = facts.decorators.map((decorator) => (decorator.kind === "name" ? decorator.id : ""));
  const isStatic = marks.includes("staticmethod");
  const isGiven = !isStatic && (owner.kind === "instance" || marks.includes("classmethod"));
  const bound: FunctionValue = {
    kind: "function",
    module,
    function: {
      ...facts,
      decorators: facts.decorators.filter(
        (_, index) => !/^(?:static|class)method$/u.test(marks[index] ?? ""),
      ),
      parameters: isGiven ? withoutFirst(facts.parameters) : facts.parameters,
    },
  };
  return bound;
}

function inheritedApp(interpreter: Interpreter, owner: Owner): Value | undefined {
  for (const base of ancestry(interpreter, owner)) {
    const framework = base.kind === "external" ? frameworkMadeBy(base.path) : undefined;
    if (framework !== undefined && base.kind === "external")
      return { kind: "app", framework, maker: base.path };
  }
  return undefined;
}

/** A class and its bases, nearest first. This is nearly Python's own order. */
function ancestry(interpreter: Interpreter, { class: facts, module }: Owner): Value[] {
  const found: Value[] = [{ kind: "class", class: facts, module }];
  const seen = new Set([facts]);
  for (const value of found) {
    if (value.kind !== "class" || seen.size > MAX_ANCESTORS) continue;
    for (const base of interpreter.bases(value)) {
      if (base.kind === "class" && seen.has(base.class)) continue;
      if (base.kind === "class") seen.add(base.class);
      found.push(base);
    }
  }
  return found;
}

/** Not to be called directly: {@link Interpreter.bases} remembers the result. */
export function evaluateBases(interpreter: Interpreter, owner: Owner): Value[] {
  // Bases are evaluated where the class is defined: the base of `class Agent(Agent)` is the earlier one.
  const made = owner.module.facts.top.bindings.find(
    ({ value }) => value.kind === "class" && value.class === owner.class,
  );
  const frame = { module: owner.module, before: made?.order ?? Infinity };
  return owner.class.bases
    .filter((base) => base.kind !== "name" || base.id !== "object")
    .map((base) => interpreter.evaluate(base, { frame, depth: 0 }));
}
