import type { Setting } from "./setting.ts";

/** The default as people read it. */
export function shownDefault({ shown, default: value }: Setting): string {
  return shown ?? (value === undefined ? "not set" : String(value));
}
