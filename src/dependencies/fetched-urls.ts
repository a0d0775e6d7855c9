import { dependencyError } from "../lib/dependency-error.ts";
import { parseDependencyToml } from "../manifest/pyproject.ts";

/** As the URL standard has it, an address needs no slashes, or takes any number of either kind. */
const ADDRESS = /https?:[^\s"'`<>,;]+/gi;

/** In front of `@` quotes and commas do not end it. */
const LONGER_ADDRESS = /https?:\S+/gi;

/** What uv fills in from its environment, where the operator's proxy and its password are. */
const VARIABLE = /\$\{[A-Z0-9_]+\}/;

/**
 * The addresses that these dependency files name, read as they are read when they are fetched.
 * @throws RunnerError BUILD_FAILED for a file that has a variable filled in
 */
export function fetchedUrls(files: Record<string, string>): URL[] {
  const found = new Map<string, URL>();
  for (const [name, file] of Object.entries(files)) {
    for (const text of textsOf(name, file)) {
      refuseVariable(name, text);
      for (const address of addressesIn(text)) {
        if (!found.has(address) && URL.canParse(address)) found.set(address, new URL(address));
      }
    }
  }
  return [...found.values()];
}

function addressesIn(text: string): string[] {
  const longer = [...text.matchAll(LONGER_ADDRESS)].filter(([address]) => address.includes("@"));
  return [...text.matchAll(ADDRESS), ...longer].map(([address]) => address);
}

/** The text, and in TOML each value where it is written with escapes or over several lines. */
function textsOf(name: string, text: string): string[] {
  const isEscaped = /\.(?:toml|lock)$/.test(name) && name !== "requirements.lock" && /\\|"""|'''/.test(text);
  if (!isEscaped) return [text];
  const values: string[] = [];
  collect(parseDependencyToml(text, name), values);
  // The URL standard leaves tabs and line ends out wherever they are.
  return values.map((value) => value.replaceAll(/[\t\r\n]/g, ""));
}

function collect(value: unknown, into: string[]): void {
  if (typeof value === "string") into.push(value);
  else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      into.push(key);
      collect(each, into);
    }
  }
}

function refuseVariable(file: string, text: string): void {
  const variable = VARIABLE.exec(text)?.[0];
  if (variable === undefined) return;
  throw dependencyError(
    "syntax",
    `${file} has ${variable}, which a build does not fill in.`,
    "Write the address without it. An index with a password is for the operator to name (OKEN_EXTRA_INDEX_URLS).",
  );
}
