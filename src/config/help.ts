import type { Setting } from "./setting.ts";
import { SETTINGS } from "./settings.ts";

/** The settings as text for `serve --help`, a paragraph for each group. */
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

/** The default as people read it. */
export function shownDefault({ shown, default: value }: Setting): string {
  return shown ?? (value === undefined ? "not set" : String(value));
}

function helpLine(entry: Setting): string {
  return `  ${entry.env.padEnd(28)} ${entry.help} (${shownDefault(entry)})`;
}
