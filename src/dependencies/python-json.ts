/** What `json.dumps(value, sort_keys=True, separators=…)` of Python gives. All but ASCII is escaped. */
export function pythonJson(value: unknown, separators: { item: string; key: string }): string {
  if (Array.isArray(value))
    return `[${value.map((item) => pythonJson(item, separators)).join(separators.item)}]`;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    const parts = entries.map(
      ([key, item]) => `${pythonJson(key, separators)}${separators.key}${pythonJson(item, separators)}`,
    );
    return `{${parts.join(separators.item)}}`;
  }
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
