import type { ClassFacts, FunctionFacts } from "./facts.ts";
import { frameworkMadeBy } from "./frameworks.ts";
import type { Module } from "./project.ts";
import { type Engine, type FunctionValue, rawFramework, UNKNOWN, type Value, withoutFirst } from "./value.ts";

const MAX_BASES_DEPTH = 12;

export type Owner = { class: ClassFacts; module: Module };

/** `outside`: not in the tarball's classes, but a base from outside may have it. */
export type Member =
  { kind: "function"; function: FunctionFacts; module: Module } | { kind: "value" | "outside" | "absent" };

/** What calling a class gives, which is also what an annotation with it promises. */
export function instanceOf(engine: Engine, value: Value): Value {
  if (value.kind === "external") {
    const framework = frameworkMadeBy(value.path);
    return framework === undefined ? UNKNOWN : { kind: "app", framework, maker: value.path };
  }
  if (value.kind !== "class") return UNKNOWN;
  const inherited = inheritedApp(engine, value, 0);
  if (inherited !== undefined) return inherited;
  const call = findMember(engine, value, { name: "__call__" });
  const framework =
    call.kind === "function" ? rawFramework(withoutFirst(call.function.parameters)) : undefined;
  if (framework !== undefined) return { kind: "app", framework, maker: "" };
  return { ...value, kind: "instance" };
}

export function findMember(
  engine: Engine,
  owner: Owner,
  { name, depth = 0 }: { name: string; depth?: number },
): Member {
  if (owner.class.members.has(name)) {
    const facts = owner.class.members.get(name);
    return facts === undefined
      ? { kind: "value" }
      : { kind: "function", function: facts, module: owner.module };
  }
  let outside = false;
  for (const base of basesOf(engine, owner, depth)) {
    const member = base.kind === "class" ? findMember(engine, base, { name, depth: depth + 1 }) : undefined;
    if (member === undefined || member.kind === "outside") outside = true;
    else if (member.kind !== "absent") return member;
  }
  return { kind: outside ? "outside" : "absent" };
}

/** A method as it is once looked up: what Python itself gives it is no longer among its parameters. */
export function boundMethod(
  engine: Engine,
  owner: Extract<Value, { kind: "class" | "instance" }>,
  name: string,
): Value {
  const member = findMember(engine, owner, { name });
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

function inheritedApp(engine: Engine, owner: Owner, depth: number): Value | undefined {
  for (const base of basesOf(engine, owner, depth)) {
    if (base.kind === "external") {
      const framework = frameworkMadeBy(base.path);
      if (framework !== undefined) return { kind: "app", framework, maker: base.path };
    }
    const inherited = base.kind === "class" ? inheritedApp(engine, base, depth + 1) : undefined;
    if (inherited !== undefined) return inherited;
  }
  return undefined;
}

function basesOf(engine: Engine, owner: Owner, depth: number): Value[] {
  if (depth > MAX_BASES_DEPTH) return [];
  // Bases are read where the class was made: `class Agent(Agent)` has the earlier one as its base.
  const made = owner.module.facts.top.bindings.find(
    ({ value }) => value.kind === "class" && value.class === owner.class,
  );
  const frame = { module: owner.module, before: made?.order ?? Infinity };
  return owner.class.bases
    .filter((base) => base.kind !== "name" || base.id !== "object")
    .map((base) => engine.evaluate(base, { frame, depth: depth + 1 }));
}
