import { shownDefault } from "../../src/config/help.ts";
import type { Setting } from "../../src/config/setting.ts";
import { SETTINGS } from "../../src/config/settings.ts";
import { code, table } from "./markdown.ts";

/** What an operator decides first. */
const MAIN = [
  ...(["OKEN_HOST", "OKEN_PORT", "OKEN_API_TOKEN", "OKEN_DATA_DIR"] as const),
  ...(["OKEN_DEFAULT_WARM_TIMEOUT", "OKEN_INVOKE_TIMEOUT", "OKEN_DEFAULT_MEMORY"] as const),
  ...(["OKEN_INDEX_URL", "OKEN_CA_FILE", "OKEN_BUILD_SDIST"] as const),
];

const HEAD = ["Variable", "Default", "Meaning"];

/** The settings that matter most, as one table. */
export function mainSettingsBlock(): string {
  const settings = Object.values<Setting>(SETTINGS);
  return table(
    HEAD,
    MAIN.map((name) => {
      const found = settings.find(({ env }) => env === name);
      if (found === undefined) throw new Error(`there is no setting ${name}`);
      return row(found);
    }),
  );
}

/** The table of settings, a Markdown table for each group. */
export function settingsBlock(): string {
  const groups = Object.entries(Object.groupBy(Object.values<Setting>(SETTINGS), ({ group }) => group));
  return groups
    .map(([group, settings = []]) => `**${group}**\n\n${table(HEAD, settings.map(row))}`)
    .join("\n\n");
}

function row(setting: Setting): string[] {
  const shown = shownDefault(setting);
  // Words, such as "the host's", are no value that could be written.
  return [code(setting.env), shown.includes(" ") ? shown : code(shown), setting.help];
}
