import { StartError } from "../lib/start-error.ts";
import { SETTINGS } from "./settings.ts";
import type { Setting } from "./settings.ts";

export type Config = Readonly<{ [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]["default"] }>;

/** Flags win over the environment, the environment over defaults. An empty variable counts as not set. */
export function loadConfig(
  environment: Record<string, string | undefined>,
  flags: Record<string, string> = {},
): Config {
  const entries = Object.entries<Setting>(SETTINGS).map(([name, entry]) => {
    const flag = flagOf(entry.env);
    const [source, text] =
      flags[flag] === undefined ? [entry.env, environment[entry.env]] : [`--${flag}`, flags[flag]];
    if (text === undefined || text === "") return [name, entry.default];
    const parsed = entry.parse(text);
    if (!parsed.ok)
      throw new StartError(`${source} is ${quoted(name, text)}, but must be ${parsed.allowed}.`);
    return [name, parsed.value];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built from the keys and parsers of the table
  const config = Object.fromEntries(entries) as Config;
  if (config.defaultMemory > config.maxMemory)
    throw new StartError(
      `OKEN_DEFAULT_MEMORY is ${config.defaultMemory}, but must be at most OKEN_MAX_MEMORY, ${config.maxMemory}.`,
    );
  if (config.defaultCpus > config.maxCpus)
    throw new StartError(
      `OKEN_DEFAULT_CPUS is ${config.defaultCpus}, but must be at most OKEN_MAX_CPUS, ${config.maxCpus}.`,
    );
  return Object.freeze(config);
}

/** `OKEN_DATA_DIR` to `data-dir`. */
export function flagOf(env: string): string {
  return env
    .replace(/^OKEN_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
}

/** The table as text, a paragraph per group, for `serve --help`. */
export function settingsHelp(): string {
  const settings = Object.values<Setting>(SETTINGS);
  const groups = [...new Set(settings.map((entry) => entry.group))];
  return groups
    .map((group) => {
      const lines = settings.filter((entry) => entry.group === group).map(helpLine);
      return `${group}:\n${lines.join("\n")}`;
    })
    .join("\n\n");
}

/** What holds when the setting is not given, as people read it. */
export function shownDefault({ shown, default: value }: Setting): string {
  return shown ?? (value === undefined ? "not set" : String(value));
}

function helpLine(entry: Setting): string {
  return `  ${entry.env.padEnd(28)} ${entry.help} (${shownDefault(entry)})`;
}

function quoted(name: string, text: string): string {
  return name === "apiToken" ? "set" : JSON.stringify(text);
}
