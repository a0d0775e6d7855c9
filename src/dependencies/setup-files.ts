import { posix } from "node:path";

import type { SourceTree } from "../upload/tree.ts";
import { readSetupPy, requirementLines } from "./setup-py.ts";

export type SetupFiles = {
  name: string | undefined;
  version: string | undefined;
  /** Undefined when they are known only when `setup.py` is run. */
  dependencies: string[] | undefined;
  compiled: boolean;
};

/** What `setup.cfg` and `setup.py` say of a project. Undefined when neither is there. */
export async function readSetupFiles(tree: SourceTree, directory: string): Promise<SetupFiles | undefined> {
  const script = await readSetupPy(tree, posix.join(directory, "setup.py"));
  const config = await tree.text(posix.join(directory, "setup.cfg"));
  if (script === undefined && config === undefined) return undefined;
  const { metadata, options } = config === undefined ? {} : parseConfig(config);
  const written = script?.dependencies ?? "elsewhere";
  return {
    name: script?.name ?? metadata?.["name"],
    version: script?.version ?? plainVersion(metadata?.["version"]),
    dependencies: Array.isArray(written) ? written : configured(written, options?.["install_requires"]),
    compiled: script?.compiled ?? false,
  };
}

function configured(written: "elsewhere" | "computed", text: string | undefined): string[] | undefined {
  if (written === "computed" || text?.startsWith("file:")) return undefined;
  return requirementLines(text ?? "");
}

function plainVersion(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.+!-]+$/.test(text) ? text : undefined;
}

/** Reads an ini file as Python's configparser does: an indented line continues a value, which `ini` takes for a key. */
function parseConfig(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let section = "";
  let key = "";
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    const pair = pairOf(line);
    if (header !== undefined) {
      section = header.trim();
      sections[section] ??= {};
    } else if (pair !== undefined) {
      key = pair.key;
      (sections[section] ??= {})[key] = pair.value;
    } else if (/^\s+\S/.test(line) && key !== "") {
      const values = (sections[section] ??= {});
      values[key] = `${values[key] ?? ""}\n${line.trim()}`;
    }
  }
  return sections;
}

function pairOf(line: string): { key: string; value: string } | undefined {
  const at = line.search(/[=:]/);
  if (at <= 0 || /^[\s#;]/.test(line)) return undefined;
  return { key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
}
