import type { EntrypointType } from "../../model/manifest.ts";
import { topOf, type Value } from "../python/evaluate.ts";
import type { Expression } from "../python/facts.ts";
import { type Fit, fitOfAgent, fitOfHandler } from "./callables.ts";
import { type Choice, serveObject, type Subject } from "./choice.ts";
import { nearest } from "../manifest/nearest.ts";
import { listed, pasteLine, refuse } from "./refuse.ts";

/** `app`, `x.y`, `create_app()`. */
const ATTRIBUTE = /^([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*)(\(\))?$/u;

export type Wanted = { attr: string; type: EntrypointType | undefined; because: string };

/**
 * The attribute that the author named.
 *
 * @throws RunnerError `CONFIG_ERROR` when the module surely has no such name, or it cannot be served as the
 *   type that was asked for
 */
export function chooseNamed(subject: Subject, { attr, type, because }: Wanted): Choice {
  const { evaluator, module, place } = subject;
  const match = ATTRIBUTE.exec(attr);
  if (match?.[1] === undefined) {
    throw refuse(
      `entrypoint "${place.module}:${attr}" is not "module:name", "module:name.attribute" or "module:factory()"`,
    );
  }
  const path = match[1];
  const isCall = match[2] !== undefined;
  const value = resolve(subject, path);
  const object = isCall ? resultOf(subject, value, path) : value;
  const found = type ?? typeOf(subject, object);
  const inner =
    object.kind === "app" && !isCall && object.framework.inner !== undefined
      ? `.${object.framework.inner}`
      : "";
  checkFit(subject, { attr, value: object, type: found });
  return serveObject({
    type: found,
    attr: `${path}${inner}`,
    factory: isCall || (found === "http" && isFactory(subject, object)),
    serve: object.kind === "app" ? object.framework.serve : "auto",
    reason: `${because}${describe(subject, object)} in ${module.file}`,
  });

  function describe(_: Subject, { kind }: Value): string {
    return kind === "app" && object.kind === "app" ? `, ${object.framework.title}` : "";
  }

  function isFactory(_: Subject, candidate: Value): boolean {
    if (candidate.kind !== "function") return false;
    return evaluator.result(candidate).kind === "app" || required(candidate) === 0;
  }
}

function required(value: Extract<Value, { kind: "function" }>): number {
  return value.function.parameters.filter((parameter) => parameter.required).length;
}

function resolve({ evaluator, module, place }: Subject, path: string): Value {
  const [first = "", ...rest] = path.split(".");
  const { top, dynamic } = module.facts;
  const isBound = top.bindings.some(({ name, value }) => name === first && value.kind !== "deleted");
  const isHidden =
    dynamic ||
    top.stars.length > 0 ||
    evaluator.project.inventory.directories.has(place.file.replace(/\/__init__\.py$/u, `/${first}`));
  if (!isBound && !isHidden) throw unresolved({ evaluator, module, place }, first);
  const expression = rest.reduce<Expression>((base, name) => ({ kind: "attribute", base, name }), {
    kind: "name",
    id: first,
  });
  const value = evaluator.expression(expression, topOf(module));
  if (rest.length > 0) checkMember({ evaluator, module, place }, path);
  return value;
}

/** `Agent.rnu`: the class is in the tarball, so are its members. */
function checkMember({ evaluator, module }: Subject, path: string): void {
  const names = path.split(".");
  const last = names.pop() ?? "";
  const [first = "", ...rest] = names;
  const base = rest.reduce<Expression>((inner, name) => ({ kind: "attribute", base: inner, name }), {
    kind: "name",
    id: first,
  });
  const owner = evaluator.expression(base, topOf(module));
  if (owner.kind !== "class" || evaluator.member(owner, last).kind !== "absent") return;
  const like = nearest(last, [...owner.class.members.keys()]);
  const hint = like === undefined ? "" : `; it has ${like}`;
  throw refuse(`entrypoint "${path}": class ${names.join(".")} in ${module.file} has no ${last}${hint}`);
}

function unresolved({ module, place }: Subject, name: string): Error {
  const known = [
    ...new Set(
      module.facts.top.bindings
        .filter(({ value }) => value.kind !== "deleted")
        .map((binding) => binding.name),
    ),
  ];
  const like = nearest(name, known);
  const open = known.filter((candidate) => !candidate.startsWith("_")).slice(-4);
  const shown = like === undefined ? open : [like];
  const hint =
    shown.length === 0
      ? "; it binds no name at its top level"
      : `; it has ${listed(shown, "and")}: write ${pasteLine(place, shown[0] ?? "")}, for example`;
  return refuse(`entrypoint "${place.module}:${name}": ${module.file} has no top-level name ${name}${hint}`, {
    candidates: shown.map((candidate) => pasteLine(place, candidate)),
  });
}

function resultOf({ evaluator, module }: Subject, value: Value, path: string): Value {
  if (
    value.kind === "literal" ||
    value.kind === "text" ||
    value.kind === "number" ||
    value.kind === "module"
  ) {
    throw refuse(`entrypoint "${path}()": ${path} in ${module.file} is not callable`);
  }
  if (value.kind === "function") {
    const names = value.function.parameters.filter((parameter) => parameter.required).map(({ name }) => name);
    if (names.length > 0 && value.function.decorators.length === 0) {
      throw refuse(
        `entrypoint "${path}()": ${path} in ${module.file} needs ${listed(names, "and")}, and is called with no arguments: give each a default`,
      );
    }
  }
  const callee: Expression = path
    .split(".")
    .reduce<Expression | undefined>(
      (base, name) => (base === undefined ? { kind: "name", id: name } : { kind: "attribute", base, name }),
      undefined,
    ) ?? { kind: "other" };
  return evaluator.expression(
    { kind: "call", callee, args: [], keywords: new Map(), at: { line: 1, column: 1 } },
    topOf(module),
  );
}

/** What the object is by its shape, when nobody said; a call's unknown result is taken for an application. */
function typeOf({ evaluator }: Subject, value: Value): EntrypointType {
  if (value.kind === "app") return "http";
  if (value.kind === "class" || value.kind === "instance") {
    const run = evaluator.member(value, "run");
    if (value.kind === "class" || run.kind === "function") return "agent";
    return "handler";
  }
  if (value.kind === "function") {
    if (evaluator.result(value).kind === "app" && required(value) === 0) return "http";
    return "handler";
  }
  return "handler";
}

function checkFit(
  { evaluator, module }: Subject,
  { attr, value, type }: { attr: string; value: Value; type: EntrypointType },
): void {
  const fit = fitFor(evaluator, module, { value, type });
  if (fit.fits) return;
  throw refuse(`entrypoint "${attr}" in ${module.file} ${fit.why}; it cannot be served as ${type}`);
}

function fitFor(
  evaluator: Subject["evaluator"],
  module: Subject["module"],
  { value, type }: { value: Value; type: EntrypointType },
): Fit {
  // Things of packages are looked at after import, for the author named them.
  const isOpen = value.kind === "external" || value.kind === "made" || value.kind === "unknown";
  if (isOpen) return { fits: true, how: "" };
  if (type === "agent") return fitOfAgent(evaluator, value);
  if (type === "handler") return fitOfHandler(evaluator, module, value);
  const isPlain = ["literal", "text", "number", "module"].includes(value.kind);
  return isPlain ? { fits: false, why: "is not a web application" } : { fits: true, how: "" };
}
