import { type Command, Option } from "@commander-js/extra-typings";

import { readConfigFile } from "../config/config-file.ts";
import { shownDefault } from "../config/help.ts";
import { type Config, loadConfig } from "../config/load.ts";
import { type Setting, flagOf } from "../config/setting.ts";
import { SETTINGS } from "../config/settings.ts";
import type { Context } from "./context.ts";

/** Gives a command every setting as an option, and `--config`. Its help shows those in `shown`, by default all. */
export function addSettings<Args extends unknown[]>(
  command: Command<Args>,
  shown?: readonly Setting["env"][],
): Command<Args> {
  command.addOption(
    new Option("--config <file>", "TOML file with settings, under the names of the variables"),
  );
  for (const setting of Object.values<Setting>(SETTINGS))
    command.addOption(optionOf(setting).hideHelp(shown !== undefined && !shown.includes(setting.env)));
  return command;
}

/** Reads the settings of a command line. It may be called again: the file may have changed. Throws StartError. */
export function loadSettings({ environment }: Context, options: Record<string, unknown>): Config {
  const { config } = options;
  const file = typeof config === "string" ? readConfigFile(config) : undefined;
  return loadConfig(environment, flagsOf(options), file);
}

/** The settings of a command line, by their variables. */
export function givenSettings(options: Record<string, unknown>): Record<string, string> {
  const flags = flagsOf(options);
  return Object.fromEntries(
    Object.values<Setting>(SETTINGS).flatMap(({ env }) => {
      const value = flags[flagOf(env)];
      return value === undefined ? [] : [[env, value]];
    }),
  );
}

function optionOf(setting: Setting): Option {
  const { env, group, help } = setting;
  const description = `${help} (${env}, ${shownDefault(setting)})`;
  return new Option(`--${flagOf(env)} <value>`, description).helpGroup(`${group}:`);
}

/** Commander gives `dataDir` for `--data-dir`. */
function flagsOf(options: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.values<Setting>(SETTINGS)
      .map(({ env }) => flagOf(env))
      .map((flag) => [flag, options[new Option(`--${flag} <value>`).attributeName()]] as const)
      .filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
