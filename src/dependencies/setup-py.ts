import { KiB } from "../lib/bytes.ts";
import { isConstant } from "../python/constants.ts";
import type { Call, Expression, Scope } from "../python/facts.ts";
import { readSingleFile, type SingleFile } from "../python/single-file.ts";
import { frameOf, scopesOf, topOf } from "../python/value.ts";
import type { SourceTree } from "../upload/tree.ts";
import { withoutComment } from "./requirement-lines.ts";

/** A larger file is left to the isolated build: reading it would hold the event loop. */
const MAX_BYTES = 128 * KiB;
/** Words that show that a `setup.py` compiles code. */
const COMPILING = ["ext_modules", "cffi_modules", "rust_extensions", "cythonize"];

export type SetupPy = {
  name: string | undefined;
  version: string | undefined;
  /** `"elsewhere"`: the file does not name them. `"computed"`: they are known only when the file is run. */
  dependencies: string[] | "elsewhere" | "computed";
  compiled: boolean;
};

const UNREADABLE: SetupPy = {
  name: undefined,
  version: undefined,
  dependencies: "computed",
  compiled: false,
};

/** What a `setup.py` passes to `setup`, as far as it is certain. The file is not run. Undefined when there is none. */
export async function readSetupPy(tree: SourceTree, path: string): Promise<SetupPy | undefined> {
  const found = await tree.read(path, MAX_BYTES);
  if (found.kind === "too-large") return UNREADABLE;
  if (found.kind !== "file") return undefined;
  const file = await readSingleFile(found.bytes, path);
  if (file === undefined) return UNREADABLE;
  const calls = setupCalls(file);
  return {
    name: textOf(calls, "name"),
    version: textOf(calls, "version"),
    // `exec` of another file may call `setup`.
    dependencies: calls.length === 0 && file.module.facts.dynamic ? "computed" : dependenciesOf(calls),
    compiled: COMPILING.some((word) => file.words.has(word)),
  };
}

/** A call of `setup`, and functions that evaluate its arguments. */
type SetupCall = {
  call: Call;
  text: (expression: Expression) => string | undefined;
  texts: (expression: Expression) => string[] | undefined;
};

function setupCalls(file: SingleFile): SetupCall[] {
  const functions = file.module.facts.top.bindings.flatMap(({ value }) =>
    value.kind === "function" && value.function.parameters.length === 0 ? [value.function.body] : [],
  );
  return [...scopesOf(file.module), ...functions].flatMap((scope) =>
    scope.calls.filter(({ call }) => isSetup(file, call)).map(({ call }) => setupCall(file, scope, call)),
  );
}

/** `setup(…)`, `setuptools.setup(…)`, or `setup` under another name. */
function isSetup({ evaluator, module }: SingleFile, { callee }: Call): boolean {
  if (callee.kind === "name" && callee.id === "setup") return true;
  const value = evaluator.expression(callee, topOf(module));
  return value.kind === "external" && value.path.endsWith(".setup");
}

function setupCall({ evaluator, module, constants }: SingleFile, scope: Scope, call: Call): SetupCall {
  const isFunction = !scopesOf(module).includes(scope);
  const hidden = new Set(isFunction ? scope.bindings.map(({ name }) => name) : []);
  const known = constants.difference(hidden);
  const frame = frameOf(module, scope);
  const valueOf = (expression: Expression) =>
    isConstant(expression, known) ? evaluator.expression(expression, frame) : undefined;
  return {
    call,
    text: (expression) => {
      const value = valueOf(expression);
      return value?.kind === "text" ? value.text : undefined;
    },
    texts: (expression) => {
      const value = valueOf(expression);
      // setuptools also takes a text with a requirement on each line.
      if (value?.kind === "text") return requirementLines(value.text);
      return value === undefined ? undefined : evaluator.texts(value);
    },
  };
}

function textOf(calls: SetupCall[], keyword: string): string | undefined {
  const [first] = calls;
  const expression = first?.call.keywords.get(keyword);
  return expression === undefined ? undefined : first?.text(expression);
}

/** There may be several calls, of which one is made. All must name the same dependencies. */
function dependenciesOf(calls: SetupCall[]): SetupPy["dependencies"] {
  const found = calls.map(({ call, texts }) => {
    const expression = call.keywords.get("install_requires");
    if (expression !== undefined) return texts(expression) ?? "computed";
    return call.hasMore ? "computed" : "elsewhere";
  });
  const [first = "elsewhere", ...others] = found;
  return others.every((other) => Bun.deepEquals(other, first)) ? first : "computed";
}

/** The requirements of a text with one on each line, without comments. */
export function requirementLines(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const requirement = withoutComment(line).trim();
    return requirement === "" ? [] : [requirement];
  });
}
