import type { EntrypointType } from "../model/manifest.ts";
import { nearest } from "../lib/nearest.ts";
import { callOf, expressionOf } from "../python/expressions.ts";
import { locateReference, type Module } from "../python/project.ts";
import { topOf, type Value } from "../python/value.ts";
import { type Fit, fitOfAgent, fitOfHandler } from "./callables.ts";
import { type Choice, serveObject, type Subject } from "./choice.ts";
import { giveDefaults, requiredOf } from "./factories.ts";
import { makesSdkObject, sdkOf } from "./sdk-objects.ts";
import { article, listed, pasteLine, refuse } from "./refuse.ts";

/** `app`, `x.y`, `create_app()`. */
const ATTRIBUTE = /^([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*)(\(\))?$/u;
const MAX_SHOWN = 4;
/** Kinds of values that can be neither called nor served. */
const PLAIN_KINDS: ReadonlySet<Value["kind"]> = new Set(["literal", "text", "number", "module"]);

export type Wanted = {
  attr: string;
  type: EntrypointType | undefined;
  /** Where it was named, as the end of the reason. */
  because: string;
};

/**
 * Serves the attribute that was named.
 *
 * @throws RunnerError CONFIG_ERROR when it is certain that the module has no such name, or that it cannot be served as the
 *   type that was asked for
 */
export function chooseNamed(subject: Subject, { attr, type, because }: Wanted): Choice {
  const { evaluator, module, place } = subject;
  const label = `entrypoint "${place.module}:${attr}"`;
  const [, path, call] = ATTRIBUTE.exec(attr) ?? [];
  if (path === undefined) {
    throw refuse(`${label} is not "module:name", "module:name.attribute" or "module:factory()"`);
  }
  const value = resolve(subject, path, label);
  const isCalled = call !== undefined || makesSdkObject(evaluator, value);
  const object = isCalled ? called(subject, { value, path, label }) : value;
  const served = type ?? typeOf(subject, object);
  const fit = fitFor(subject, object, served);
  if (!fit.fits) {
    throw refuse(`${label}: ${attr} in ${module.file} ${fit.why}, so it cannot be served as ${served}`);
  }
  const app = object.kind === "app" ? object.framework : madeBy(evaluator, object);
  const inner = !isCalled && object.kind === "app" ? object.framework.inner : undefined;
  const known = app ?? sdkOf(evaluator, object);
  const what = known === undefined ? "" : `, ${article(known.title)} ${known.title},`;
  return serveObject({
    type: served,
    attr: inner === undefined ? path : `${path}.${inner}`,
    factory: isCalled || (served === "http" && object.kind === "function"),
    serve: served === "http" ? (app?.serve ?? "auto") : "auto",
    reason: `${attr} in ${module.file}${what} ${because}`,
  });
}

function madeBy(evaluator: Subject["evaluator"], value: Value) {
  const made = value.kind === "function" ? evaluator.result(value) : undefined;
  return made?.kind === "app" ? made.framework : undefined;
}

function resolve(subject: Subject, path: string, label: string): Value {
  const { evaluator, module } = subject;
  const names = path.split(".");
  const [first = ""] = names;
  const binding = evaluator.names(module).get(first);
  const isSubmodule = evaluator.name(module, first).kind === "module" || isBesideInit(subject, first);
  if (binding === undefined && !mayHaveMore(module) && !isSubmodule) throw unresolved(subject, first, label);
  checkImport(subject, first, label);
  const value = evaluator.expression(expressionOf(names), topOf(module));
  const last = names.pop() ?? "";
  if (names.length > 0) checkMember(subject, { owner: names, last, label });
  return value;
}

function mayHaveMore({ facts: { dynamic, top } }: Module): boolean {
  return dynamic || top.stars.length > 0;
}

/** A submodule is an attribute of its package once it is imported. */
function isBesideInit({ evaluator, module }: Subject, name: string): boolean {
  if (!module.file.endsWith("__init__.py")) return false;
  const path = module.file.replace(/__init__\.py$/u, name);
  const { directories, modules } = evaluator.project.inventory;
  return directories.has(path) || modules.has(`${path}.py`);
}

function unresolved({ evaluator, module, place }: Subject, name: string, label: string): Error {
  const known = [...evaluator.names(module).keys()];
  const like = nearest(name, known);
  const servable = known.filter((candidate) => {
    const { kind } = evaluator.name(module, candidate);
    return !candidate.startsWith("_") && !PLAIN_KINDS.has(kind) && kind !== "external" && kind !== "unknown";
  });
  const shown = like === undefined ? servable.slice(0, MAX_SHOWN) : [like];
  const [first] = shown;
  const hint =
    first === undefined
      ? known.length === 0
        ? "; it binds no name at its top level"
        : ""
      : `; it has ${listed(shown, "and")}: write ${pasteLine(place, first)}, for example`;
  return refuse(`${label}: ${module.file} has no top-level name ${name}${hint}`, {
    candidates: shown.map((candidate) => pasteLine(place, candidate)),
  });
}

/** Refuses `from logic import answr` where `logic.py` of the tarball has no `answr`. */
function checkImport({ evaluator, module }: Subject, name: string, label: string): void {
  const { project } = evaluator;
  const binding = evaluator.names(module).get(name)?.value;
  if (binding?.kind !== "import" || binding.name === undefined) return;
  const located = locateReference(binding.from, module.file, project);
  const source = located !== undefined && "file" in located ? project.modules.get(located.file) : undefined;
  if (source === undefined || mayHaveMore(source) || evaluator.name(module, name).kind !== "unknown") return;
  const known = evaluator.names(source);
  if (known.has(binding.name)) return;
  const like = nearest(binding.name, [...known.keys()]);
  const hint = like === undefined ? "" : `; it has ${like}`;
  throw refuse(
    `${label}: ${module.file} imports ${binding.name} from ${source.file}, which has no such name${hint}`,
  );
}

/** Refuses `Bot.anwser` where `Bot` is a class of the tarball, whose members are known. */
function checkMember(
  { evaluator, module }: Subject,
  { owner, last, label }: { owner: readonly string[]; last: string; label: string },
): void {
  const value = evaluator.expression(expressionOf(owner), topOf(module));
  if (value.kind !== "class" || evaluator.member(value, last).kind !== "absent") return;
  const like = nearest(last, [...value.class.members.keys()]);
  const hint = like === undefined ? "" : `; it has ${like}`;
  throw refuse(`${label}: class ${owner.join(".")} in ${module.file} has no ${last}${hint}`);
}

function called(
  { evaluator, module }: Subject,
  { value, path, label }: { value: Value; path: string; label: string },
): Value {
  if (PLAIN_KINDS.has(value.kind)) throw refuse(`${label}: ${path} in ${module.file} is not callable`);
  const missing =
    value.kind === "function" && value.function.decorators.length === 0 ? requiredOf(value) : [];
  if (missing.length > 0) {
    throw refuse(
      `${label}: ${path} in ${module.file} needs ${listed(missing, "and")}, and is called with no arguments: ${giveDefaults(missing)}`,
    );
  }
  return evaluator.expression(callOf(expressionOf(path.split("."))), topOf(module));
}

/** The type of an object by its shape, where the manifest names none. */
function typeOf({ evaluator }: Subject, value: Value): EntrypointType {
  if (value.kind === "app") return "http";
  if (value.kind === "class" || sdkOf(evaluator, value) !== undefined) return "agent";
  if (value.kind === "instance")
    return evaluator.member(value, "run").kind === "function" ? "agent" : "handler";
  const isFactory = value.kind === "function" && requiredOf(value).length === 0;
  return isFactory && evaluator.result(value).kind === "app" ? "http" : "handler";
}

function fitFor({ evaluator, module }: Subject, value: Value, type: EntrypointType): Fit {
  // The parts of packages are not known here. The runtime looks at them after the import.
  if (["external", "made", "unknown"].includes(value.kind)) return { fits: true, how: "" };
  if (type !== "http" && sdkOf(evaluator, value) !== undefined) return { fits: true, how: "" };
  if (type === "agent") return fitOfAgent(evaluator, value);
  if (type === "handler") return fitOfHandler(evaluator, module, value);
  return PLAIN_KINDS.has(value.kind)
    ? { fits: false, why: "is not a web application" }
    : { fits: true, how: "" };
}
