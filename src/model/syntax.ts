import { type Static, Type } from "@sinclair/typebox";

/** Why Python cannot compile a module, in its own words. */
export const SyntaxProblem = Type.Object({
  /** `SyntaxError`, or one of its kinds such as `IndentationError`. */
  type: Type.String(),
  message: Type.String(),
  line: Type.Integer(),
  column: Type.Integer(),
});
export type SyntaxProblem = Static<typeof SyntaxProblem>;
