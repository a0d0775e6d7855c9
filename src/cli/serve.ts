import { parseArgs } from "node:util";

import { settingsHelp } from "../config/help.ts";
import { type Config, loadConfig } from "../config/load.ts";
import { flagOf } from "../config/setting.ts";
import { SETTINGS } from "../config/settings.ts";
import { messageOf } from "../lib/errors.ts";
import { StartError } from "../lib/start-error.ts";

const HELP = `Usage: oken-runner serve [flags]

Serves the runner's API. Each variable below is also a flag, which wins over it: OKEN_DATA_DIR is --data-dir.
In parentheses: what holds when it is not set. Sizes take k, m, g; times are in seconds.

${settingsHelp()}
`;

/** Reads the command line of `serve`: its help, or the settings to serve with. Throws StartError when that is wrong. */
export function parseServe(
  args: string[],
  environment: Record<string, string | undefined>,
): { help: string } | { config: Config } {
  const flags = parseFlags(args);
  return "help" in flags ? { help: HELP } : { config: loadConfig(environment, flags) };
}

function parseFlags(args: string[]): Record<string, string> {
  const settings = Object.values(SETTINGS).map(
    ({ env }) => [flagOf(env), { type: "string" as const }] as const,
  );
  try {
    const { values } = parseArgs({
      args,
      options: { ...Object.fromEntries(settings), help: { type: "boolean", short: "h" } },
    });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    throw new StartError(`${messageOf(error)} See oken-runner serve --help.`);
  }
}
