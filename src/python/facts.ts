/**
 * What detection needs to know of a Python file, as plain data: who is bound to what at the top level, which
 * functions are called there, and the same again for the bodies of functions and the `__main__` block.
 */

/** Both count from 1; the column counts characters, as Python's own messages do. */
export type Position = { line: number; column: number };

export type Expression =
  | { kind: "name"; id: string }
  | { kind: "attribute"; base: Expression; name: string }
  | { kind: "subscript"; base: Expression }
  | Call
  | { kind: "lambda"; parameters: Parameter[] }
  /** Any one of these: `a if x else b`, `a or b`. */
  | { kind: "either"; options: Expression[] }
  /** A tuple or a list. */
  | { kind: "items"; items: Expression[] }
  /** `a + b` */
  | { kind: "sum"; left: Expression; right: Expression }
  | { kind: "string"; value: string }
  | { kind: "number"; value: number }
  /** Surely not callable: a dict, `None`, an f-string. */
  | { kind: "literal" }
  | { kind: "other" };

export type Call = {
  kind: "call";
  callee: Expression;
  args: Expression[];
  keywords: ReadonlyMap<string, Expression>;
  /** `f(**settings)`: there may be more keywords. */
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
  bases: Expression[];
  /** Functions and assigned names of the class body. */
  members: ReadonlyMap<string, FunctionFacts | undefined>;
};

export type BoundValue =
  | { kind: "function"; function: FunctionFacts }
  | { kind: "class"; class: ClassFacts }
  /** `name` undefined: the module itself is bound. `import a.b` binds `a` and loads `a.b`. */
  | { kind: "import"; from: ModuleReference; name: string | undefined; loads: ModuleReference }
  | { kind: "expression"; value: Expression; annotation: Expression | undefined }
  /** The n-th item of what the expression gives: `app, rt = fast_app()`. */
  | { kind: "item"; value: Expression; index: number }
  | { kind: "deleted" }
  | { kind: "unknown" };

export type Binding = {
  name: string;
  at: Position;
  /** Place in the scope's run of events: what a name means at a place is what was bound before it. */
  order: number;
  /** Inside `if`, `try`, a loop or `match`: an earlier binding may still be the one that counts. */
  conditional: boolean;
  value: BoundValue;
};

/** `from ..a.b import c` is `{ level: 2, path: "a.b" }`; level 0 is absolute. */
export type ModuleReference = { level: number; path: string };

export type Scope = {
  bindings: Binding[];
  /** `conditional` as of a binding. */
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
   * The module has `__getattr__`, or writes to `globals()`, or is too long to be read to its end: names may exist
   * that are not among its bindings.
   */
  dynamic: boolean;
};
