import type { SourceTree } from "../upload/tree.ts";

export type SetupFiles = {
  name: string | undefined;
  version: string | undefined;
  /** Undefined when they are not written out. */
  dependencies: string[] | undefined;
  compiled: boolean;
};

/**
 * What `setup.cfg` and a `setup.py` say in so many words. Undefined when neither is there. Nothing is run: a list that
 * `setup.py` computes is unknown here.
 */
export async function readSetupFiles(tree: SourceTree, directory: string): Promise<SetupFiles | undefined> {
  const at = (file: string) => (directory === "." ? file : `${directory}/${file}`);
  const code = await tree.text(at("setup.py"));
  const config = await tree.text(at("setup.cfg"));
  if (code === undefined && config === undefined) return undefined;
  const sections = config === undefined ? {} : parseConfig(config);
  const script = code ?? "";
  const literal = literalList(script, "install_requires");
  const mentioned = /\binstall_requires\b/.test(script);
  const configured = sections["options"]?.["install_requires"];
  return {
    name: literalString(script, "name") ?? sections["metadata"]?.["name"],
    version: literalString(script, "version") ?? plainVersion(sections["metadata"]?.["version"]),
    dependencies: mentioned ? literal : configuredList(configured, script),
    compiled: /\b(ext_modules|cffi_modules|rust_extensions|cythonize)\b/.test(script),
  };
}

/** A `setup.py` that says nothing of dependencies has those of `setup.cfg`, or none if it passes no settings on. */
function configuredList(configured: string | undefined, script: string): string[] | undefined {
  if (configured?.startsWith("file:")) return undefined;
  if (/\*\*\w+/.test(script)) return undefined;
  return (configured ?? "").split("\n").flatMap((line) => {
    const text = line.replace(/(^|\s)#.*$/, "").trim();
    return text === "" ? [] : [text];
  });
}

/** `key=["a", "b"]` where each item is a plain string literal. */
function literalList(script: string, key: string): string[] | undefined {
  const body = new RegExp(`\\b${key}\\s*=\\s*\\[([^\\]\\[]*(?:\\[[^\\]]*\\][^\\]\\[]*)*)\\]`).exec(
    script,
  )?.[1];
  if (body === undefined) return undefined;
  const withoutComments = body.replace(/^((?:[^'"#\n]|'[^'\n]*'|"[^"\n]*")*)#.*$/gm, "$1");
  const items = [...withoutComments.matchAll(/\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)")\s*(,|$)/gy)];
  const rest = withoutComments.slice(items.reduce((length, [text]) => length + text.length, 0));
  if (rest.trim() !== "") return undefined;
  return items.map(([, single, double]) => single ?? double ?? "");
}

function literalString(script: string, key: string): string | undefined {
  return new RegExp(`\\b${key}\\s*=\\s*(?:'([^'\\\\\\n]*)'|"([^"\\\\\\n]*)")\\s*[,)]`)
    .exec(script)
    ?.slice(1)
    .find(Boolean);
}

function plainVersion(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.+!-]+$/.test(text) ? text : undefined;
}

/** An ini file as Python's configparser reads it: indented lines continue a value. */
function parseConfig(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let section = "";
  let key = "";
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    const pair = /^([^\s#;][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (header !== undefined) {
      section = header.trim();
      sections[section] ??= {};
    } else if (pair !== null) {
      key = pair[1] ?? "";
      (sections[section] ??= {})[key] = pair[2] ?? "";
    } else if (/^\s+\S/.test(line) && key !== "") {
      const values = (sections[section] ??= {});
      values[key] = `${values[key] ?? ""}\n${line.trim()}`;
    }
  }
  return sections;
}
