import type { Call, Expression } from "./facts.ts";

/** `a.b.c` as an expression. */
export function expressionOf(names: readonly string[]): Expression {
  const [id = "", ...rest] = names;
  return rest.reduce<Expression>((base, name) => ({ kind: "attribute", base, name }), { kind: "name", id });
}

/** A call without arguments, which stands nowhere in the source. */
export function callOf(callee: Expression): Call {
  const at = { line: 0, column: 0 };
  return { kind: "call", callee, args: [], keywords: new Map(), hasMore: false, at };
}
