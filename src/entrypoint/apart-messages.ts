import type { Failure } from "../lib/failure.ts";
import type { Manifest } from "../model/manifest.ts";
import type { SyntaxProblem } from "../model/syntax.ts";
import type { Detection } from "./detect.ts";

/** What the thread is told: what to read, and later what Python says of a module that it asked about. */
export type ToReader =
  { op: "detect"; tree: string; manifest: Manifest } | { op: "compiled"; problem: SyntaxProblem | undefined };

export type FromReader =
  | { kind: "compile"; source: Uint8Array }
  | { kind: "detection"; detection: Detection }
  | { kind: "failure"; failure: Failure };
