import { decodeModule } from "./decode.ts";
import type { ModuleFacts, ModuleReference, Scope } from "./facts.ts";
import { MiB } from "../lib/bytes.ts";
import type { SyntaxProblem } from "../model/syntax.ts";
import type { SourceTree } from "../upload/tree.ts";
import type { Inventory } from "./inventory.ts";
import {
  COMMON_ROOTS,
  type Located,
  locateAbsolute,
  locateRelative,
  locateWithin,
  placeOf,
} from "./modules.ts";
import type { PythonParser } from "./parser.ts";
import { readModule } from "./read-module.ts";
import { isSuspicious } from "./suspicion.ts";

/** A larger module is data, and says nothing of what is served. */
const MAX_MODULE_BYTES = MiB;
/** What is read of one tarball at most, so that no tarball keeps the runner busy. A hop is one import. */
const MAX_MODULES = 200;
const MAX_HOPS = 8;
const MAX_TOTAL_BYTES = 4 * MiB;

export type Module = { file: string; facts: ModuleFacts };

/** The entrypoint's module, and the modules of the tarball that it imports, directly or through others. */
export type Project = {
  inventory: Inventory;
  roots: readonly string[];
  modules: ReadonlyMap<string, Module>;
};

export type ReadOutcome =
  | { kind: "read"; facts: ModuleFacts }
  | { kind: "broken"; problem: SyntaxProblem }
  | { kind: "skipped"; why: string };

export type Loader = {
  tree: SourceTree;
  inventory: Inventory;
  parser: PythonParser;
  python: AgentPython;
};

/** The Python that the agent will run with. */
export type AgentPython = {
  /** Of 3.N the N. */
  minor: number;
  /** What it says of a module; undefined when it can compile it. */
  compile(source: Uint8Array): Promise<SyntaxProblem | undefined>;
};

/** Reads the entrypoint's file. It is the only one whose syntax is checked. */
export async function readEntryModule(loader: Loader, file: string): Promise<ReadOutcome> {
  return await readOne(loader, file, loader.python);
}

export async function loadProject(loader: Loader, file: string, facts: ModuleFacts): Promise<Project> {
  const { inventory } = loader;
  const roots = [...new Set([placeOf(file, 0, inventory).root, ...COMMON_ROOTS])];
  const modules = new Map<string, Module>([[file, { file, facts }]]);
  let frontier = [...modules.values()];
  let bytes = 0;
  for (let hop = 0; hop < MAX_HOPS && frontier.length > 0; hop += 1) {
    const next: Module[] = [];
    for (const module of frontier) {
      for (const path of importedFiles(module, roots, inventory)) {
        if (modules.has(path) || modules.size >= MAX_MODULES || bytes > MAX_TOTAL_BYTES) continue;
        const outcome = await readOne(loader, path, undefined);
        if (outcome.kind !== "read") continue;
        bytes += outcome.bytes;
        const found = { file: path, facts: outcome.facts };
        modules.set(path, found);
        next.push(found);
      }
    }
    frontier = next;
  }
  return { inventory, roots, modules };
}

export function locateReference(
  reference: ModuleReference,
  from: string,
  { roots, inventory }: Pick<Project, "roots" | "inventory">,
): Located {
  return reference.level > 0
    ? locateRelative(reference, from, inventory)
    : locateAbsolute(reference.path, roots, inventory);
}

/**
 * The most dots of a relative import, which tells how many directories up the file's package must begin. An import inside
 * `try` or `if` does not count, since the file may run without it.
 */
export function relativeLevels(facts: ModuleFacts): number {
  const needed = references(facts).filter(({ conditional }) => !conditional);
  return Math.max(0, ...needed.map(({ from }) => from.level));
}

type Read = Extract<ReadOutcome, { kind: "read" }> & { bytes: number };

async function readOne(
  { tree, parser }: Loader,
  file: string,
  python: AgentPython | undefined,
): Promise<Read | Exclude<ReadOutcome, { kind: "read" }>> {
  const found = await tree.read(file, MAX_MODULE_BYTES);
  if (found.kind === "too-large") return { kind: "skipped", why: "it is larger than 1 MiB" };
  if (found.kind !== "file") return { kind: "skipped", why: "it is not a file" };
  const { bytes } = found;
  const decoded = decodeModule(bytes);
  if ("problem" in decoded) {
    return { kind: "broken", problem: { type: "SyntaxError", message: decoded.problem, ...decoded.at } };
  }
  const parsed = parser.parse(decoded.source);
  if (parsed === undefined) return { kind: "skipped", why: "it takes too long to parse" };
  try {
    if (python !== undefined && isSuspicious(decoded.source, parsed, python.minor)) {
      const problem = await python.compile(bytes);
      if (problem !== undefined) return { kind: "broken", problem };
    }
    return { kind: "read", facts: readModule(parsed.rootNode), bytes: bytes.length };
  } finally {
    parsed.delete();
  }
}

function importedFiles({ file, facts }: Module, roots: readonly string[], inventory: Inventory): string[] {
  const files: string[] = [];
  const add = (located: Located) => {
    if (located !== undefined && "file" in located) files.push(located.file);
  };
  for (const { from, name } of references(facts)) {
    const located = locateReference(from, file, { roots, inventory });
    add(located);
    if (name !== undefined) add(locateWithin(located, name, inventory));
  }
  return files;
}

type Reference = { from: ModuleReference; name: string | undefined; conditional: boolean };

function references(facts: ModuleFacts): Reference[] {
  const found: Reference[] = [];
  const visit = ({ bindings, stars }: Scope) => {
    for (const from of stars) found.push({ from, name: undefined, conditional: false });
    for (const { value, conditional } of bindings) {
      if (value.kind === "import") found.push({ from: value.loads, name: value.name, conditional });
      if (value.kind === "function") visit(value.function.body);
    }
  };
  visit(facts.top);
  if (facts.main !== undefined) visit(facts.main);
  return found;
}
