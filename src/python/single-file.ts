import { constantNames } from "./constants.ts";
import { decodeModule } from "./decode.ts";
import { createEvaluator, type Evaluator } from "./evaluate.ts";
import { loadPythonParser } from "./parser.ts";
import type { Module } from "./project.ts";
import { readModule } from "./read-module.ts";

/** A Python file that is read by itself. What it imports is unknown. */
export type SingleFile = {
  module: Module;
  evaluator: Evaluator;
  /** Names that have one value wherever they are read. */
  constants: ReadonlySet<string>;
  /** Every identifier and text in it, but no comment. */
  words: ReadonlySet<string>;
};

/** Undefined when the file cannot be decoded, or takes too long to parse. */
export async function readSingleFile(bytes: Uint8Array, file: string): Promise<SingleFile | undefined> {
  const decoded = decodeModule(bytes);
  if ("problem" in decoded) return undefined;
  const parser = await loadPythonParser();
  const tree = parser.parse(decoded.source);
  if (tree === undefined) return undefined;
  try {
    const { rootNode } = tree;
    const module: Module = { file, facts: readModule(rootNode) };
    const inventory = {
      modules: new Set<string>(),
      otherFiles: new Set<string>(),
      directories: new Set<string>(),
      links: new Set<string>(),
    };
    return {
      module,
      evaluator: createEvaluator({ inventory, roots: [], modules: new Map([[file, module]]) }),
      constants: constantNames(rootNode, module.facts),
      words: new Set(rootNode.descendantsOfType(["identifier", "string_content"]).map(({ text }) => text)),
    };
  } finally {
    tree.delete();
  }
}
