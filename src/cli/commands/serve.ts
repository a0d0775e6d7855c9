import { Command, Option } from "@commander-js/extra-typings";

import { shownDefault } from "../../config/help.ts";
import { loadConfig } from "../../config/load.ts";
import { type Setting, flagOf } from "../../config/setting.ts";
import { SETTINGS } from "../../config/settings.ts";
import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";

export function serve(context: Context): Command {
  const command: Command = newCommand("serve", {
    group: "host",
    summary: "serve the API, on 127.0.0.1:8000 unless told otherwise",
    description:
      "Serves the runner's API. Each setting is a flag and a variable; the flag wins. In parentheses: the variable, and what holds when neither is set. Sizes take k, m, g; times are in seconds.",
    examples: [
      ["serve", "on 127.0.0.1:8000"],
      ["serve --data-dir /var/lib/oken", "keep what is deployed"],
    ],
  });
  for (const setting of Object.values<Setting>(SETTINGS)) command.addOption(optionOf(setting));
  return command.action((options) => context.serve(loadConfig(context.environment, flagsOf(options))));
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
