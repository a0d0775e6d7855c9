import { shownDefault } from "../../src/config/load.ts";
import { SETTINGS, type Setting } from "../../src/config/settings.ts";
import { code, table } from "./markdown.ts";

/** The table of settings, a Markdown table for each group. */
export function settingsBlock(): string {
  const groups = Object.entries(Object.groupBy(Object.values<Setting>(SETTINGS), ({ group }) => group));
  return groups
    .map(
      ([group, settings = []]) =>
        `**${group}**\n\n${table(["Variable", "Default", "Meaning"], settings.map(row))}`,
    )
    .join("\n\n");
}

function row(setting: Setting): string[] {
  const shown = shownDefault(setting);
  // Words, such as "the host's", are no value that could be written.
  return [code(setting.env), shown.includes(" ") ? shown : code(shown), setting.help];
}
