/**
 * What is read of a Python file, as plain data: the names that are bound at its top level, and the calls there. The same
 * is read of the bodies of functions and of the `__main__` block.
 */

/** Both count from 1. The column counts characters, as in Python's own messages. */
export type Position = { line: number; column: number };

export type Expression =
  | { kind: "name"; id: string }
  | { kind: "attribute"; base: Expression; name: string }
  | { kind: "subscript"; base: Expression }
  | Call
  | { kind: "lambda"; parameters: Parameter[] }
  /** One of several: `a if x else b`, `a or b`. */
  | { kind: "either"; options: Expression[] }
  /** A tuple or a list. */
  | { kind: "items"; items: Expression[] }
  /** `a + b` */
  | { kind: "sum"; left: Expression; right: Expression }
  /** `a | b` */
  | { kind: "pipe"; left: Expression; right: Expression }
  | { kind: "string"; value: string }
  | { kind: "number"; value: number }
  /** A value that cannot be called: a dict, `None`, an f-string. */
  | { kind: "literal" }
  | { kind: "other" };

export type Call = {
  kind: "call";
  callee: Expression;
  args: Expression[];
  keywords: ReadonlyMap<string, Expression>;
  /** There may be more keywords: `f(**settings)`. */
  hasMore: boolean;
  at: Position;
};

export type Parameter = {
  name: string;
  kind: "positional" | "keyword-only" | "rest" | "keywords";
  required: boolean;
};

export type FunctionFacts = {
  isAsync: boolean;
  decorators: Expression[];
  parameters: Parameter[];
  returns: Expression | undefined;
  body: Scope;
};

export type ClassFacts = {
  decorators: Expression[];
  bases: Expression[];
  /** Functions and assigned names of the class body. */
  members: ReadonlyMap<string, FunctionFacts | undefined>;
};

export type BoundValue =
  | { kind: "function"; function: FunctionFacts }
  | { kind: "class"; class: ClassFacts }
  /** Without a `name`, the module itself is bound. `import a.b` binds `a` and loads `a.b`. */
  | { kind: "import"; from: ModuleReference; name: string | undefined; loads: ModuleReference }
  | { kind: "expression"; value: Expression; annotation: Expression | undefined }
  /** One item of a value: `app, rt = fast_app()`. */
  | { kind: "item"; value: Expression; index: number }
  | { kind: "deleted" }
  | { kind: "unknown" };

export type Binding = {
  name: string;
  at: Position;
  /** Its place among the scope's bindings and calls. A name means what was bound before. */
  order: number;
  /** Inside `if`, `try`, a loop or `match`. An earlier binding may be the one that counts. */
  conditional: boolean;
  value: BoundValue;
};

/** `from ..a.b import c` is `{ level: 2, path: "a.b" }`. Level 0 is absolute. */
export type ModuleReference = { level: number; path: string };

export type Scope = {
  bindings: Binding[];
  /** `order` and `conditional` are those of a binding. */
  calls: { call: Call; order: number; conditional: boolean }[];
  returned: Expression[];
  /** Modules of `from x import *`. */
  stars: ModuleReference[];
};

export type ModuleFacts = {
  top: Scope;
  /** The body of `if __name__ == "__main__":`. */
  main: Scope | undefined;
  /**
   * There may be more names than the bindings say. The module has `__getattr__` or writes to `globals()`, or is too long
   * to be read to its end.
   */
  dynamic: boolean;
};
