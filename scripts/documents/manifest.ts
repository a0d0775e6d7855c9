import { MANIFEST_KEYS, type ManifestKey } from "../../src/manifest/keys.ts";
import { code, table } from "./markdown.ts";

/** Every key of oken.toml with its default. */
export function manifestBlock(): string {
  return table(["Key", "Default", "Meaning"], Object.entries<ManifestKey>(MANIFEST_KEYS).map(row));
}

function row([name, key]: [string, ManifestKey]): string[] {
  // A value or a setting, not a remark such as "required".
  const isValue = /^["\d]|^OKEN_|^false$/.test(key.default);
  return [code(name), isValue ? code(key.default) : key.default, key.meaning];
}
