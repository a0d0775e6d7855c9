import type { Binding } from "../python/facts.ts";
import type { Evaluator } from "../python/evaluate.ts";
import { type AgentSdk, isOfSdk, sdkMadeBy } from "../python/sdks.ts";
import type { Module } from "../python/project.ts";
import { inside, type Owner, packagePath, topOf, type Value } from "../python/value.ts";
import { type Choice, serveObject, type Subject } from "./choice.ts";
import { constructible } from "./callables.ts";
import { requiredOf } from "./factories.ts";
import { withoutParts } from "./parts.ts";
import { article, listed, pasteLine, refuse } from "./refuse.ts";

/** The names that are preferred among several, the first one most. */
const PREFERRED_NAMES = ["agent", "root_agent", "graph", "app", "chain", "crew", "workflow", "flow"];

/** A class may extend itself under an earlier name. */
const MAX_BASES = 5;

type Candidate = { name: string; binding: Binding; sdk: AgentSdk; isClass: boolean };

/** The SDK that makes agents such as this one, as far as the source tells. */
export function sdkOf(evaluator: Evaluator, value: Value): AgentSdk | undefined {
  if (value.kind === "made") return sdkMadeBy(value.by);
  if (value.kind === "instance") return sdkOfClass(evaluator, value);
  if (value.kind === "class") {
    const sdk = sdkOfClass(evaluator, value);
    return sdk?.servesClass === true && constructible(evaluator, value).fits ? sdk : undefined;
  }
  if (value.kind !== "function") return undefined;
  // `@entrypoint()` makes a graph of a function.
  return value.function.decorators
    .map((decorator) => packagePath(evaluator.expression(decorator, topOf(value.module))))
    .map((path) => (path === undefined ? undefined : sdkMadeBy(path)))
    .find((sdk) => sdk !== undefined);
}

/** The SDK whose agents a class of the tarball extends: `class Joke(Workflow)`, or a class under `@CrewBase`. */
function sdkOfClass(evaluator: Evaluator, { class: facts, module }: Owner, depth = 0): AgentSdk | undefined {
  if (depth > MAX_BASES) return undefined;
  return [...facts.decorators, ...facts.bases]
    .map((base) => evaluator.expression(base, topOf(module)))
    .map((base) => {
      if (base.kind === "class") return sdkOfClass(evaluator, base, depth + 1);
      const path = packagePath(base);
      return path === undefined ? undefined : sdkMadeBy(path);
    })
    .find((sdk) => sdk !== undefined);
}

/** Whether it is a function that returns an SDK's agent and takes nothing, or a `config` as LangGraph's own server gives. */
export function makesSdkObject(evaluator: Evaluator, value: Value): boolean {
  if (value.kind !== "function" || requiredOf(value).some((name) => name !== "config")) return false;
  return sdkOf(evaluator, value) === undefined && sdkOf(evaluator, evaluator.result(value)) !== undefined;
}

/**
 * The agent that the module makes with an SDK.
 *
 * @throws RunnerError `CONFIG_ERROR` when there are several and none stands out
 */
export function chooseSdkObject({ evaluator, module, place }: Subject): Choice | undefined {
  const candidates: Candidate[] = [];
  for (const [name, binding] of evaluator.names(module)) {
    const value = evaluator.name(module, name);
    const sdk = sdkOf(evaluator, value);
    if (sdk === undefined || name.startsWith("_")) continue;
    candidates.push({ name, binding, sdk, isClass: value.kind === "class" });
  }
  const objects = candidates.filter(({ isClass }) => !isClass);
  const served = objects.length > 0 ? objects : withoutBases(evaluator, module, candidates);
  const whole = withoutParts(served, { module, preferred: PREFERRED_NAMES });
  const preferred = PREFERRED_NAMES.map((name) => whole.find((candidate) => candidate.name === name));
  const around = whole.find((candidate) => candidate.sdk.isWhole);
  const chosen = around ?? preferred.find((candidate) => candidate !== undefined) ?? whole[0];
  if (chosen === undefined) return undefined;
  if (around === undefined && whole.length > 1 && !PREFERRED_NAMES.includes(chosen.name)) {
    const lines = whole.map(({ name }) => pasteLine(place, name));
    const named = whole.map(({ name, sdk }) => `${name} (${sdk.title})`);
    throw refuse(
      `${module.file} has several agents, ${listed(named, "and")}: write one of these in oken.toml: ${lines.join(" or ")}`,
      { candidates: lines },
    );
  }
  const { name, sdk } = chosen;
  const others = served.map((candidate) => candidate.name).filter((other) => other !== name);
  const among = others.length === 0 ? "" : `, chosen over ${listed(others, "and")}`;
  const reason = `${name} in ${module.file} is ${article(sdk.title)} ${sdk.title}${among}`;
  return serveObject({ type: "agent", attr: name, reason });
}

/** Leaves out classes that another one extends. */
function withoutBases(evaluator: Evaluator, module: Module, classes: readonly Candidate[]): Candidate[] {
  const bases = classes.flatMap(({ name }) => {
    const value = evaluator.name(module, name);
    return value.kind === "class" ? value.class.bases : [];
  });
  return classes.filter(({ name }) => !bases.some((base) => base.kind === "name" && base.id === name));
}

/** Says of an agent that is made where it cannot be served: in a function, or under `__main__`. */
export function hiddenSdkObject({ evaluator, module, place }: Subject): string | undefined {
  const { top, main } = module.facts;
  for (const { name, value } of top.bindings) {
    if (value.kind !== "function" || !makesSdkObject(evaluator, evaluator.name(module, name))) continue;
    return `${name}() makes the agent: write ${pasteLine(place, name)} in oken.toml`;
  }
  const scopes = top.bindings.flatMap(({ name, value }) =>
    value.kind === "function" ? [{ place: `inside ${name}()`, scope: value.function.body }] : [],
  );
  if (main !== undefined) scopes.push({ place: "under __main__", scope: main });
  for (const { place, scope } of scopes) {
    for (const { name, value } of scope.bindings) {
      if (value.kind !== "expression") continue;
      const sdk = sdkOf(evaluator, evaluator.expression(value.value, inside(module, scope)));
      if (sdk === undefined) continue;
      return `${name}, ${article(sdk.title)} ${sdk.title}, is made ${place}: move it to the top level of the file`;
    }
  }
  return undefined;
}

/** An object that the source does not explain, of a module that uses an SDK: what it is shows after its import. */
export function chooseUnknownSdkObject({ evaluator, module }: Subject): Choice | undefined {
  const used = module.facts.top.bindings.some(
    ({ value }) => value.kind === "import" && value.loads.level === 0 && isOfSdk(value.loads.path),
  );
  if (!used) return undefined;
  const isOpen = (name: string) => ["made", "unknown"].includes(evaluator.name(module, name).kind);
  const name = PREFERRED_NAMES.find(
    (candidate) => evaluator.names(module).has(candidate) && isOpen(candidate),
  );
  if (name === undefined) return undefined;
  const reason = `${name} in ${module.file} has the name of an agent, in a file that uses an SDK for agents`;
  return serveObject({ type: "agent", attr: name, reason });
}
