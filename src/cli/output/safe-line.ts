/** Escape sequences but those of colours, and control characters but tabs: a terminal would obey them. */
const OBEYED =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /\u001B\[(?![\d;:]*m)[0-?]*[ -/]*[@-~]|\u001B[\]PX^_].*?(?:\u0007|\u001B\\|$)|\u001B(?!\[)|[\u0000-\u0008\u000A-\u001A\u001C-\u001F\u007F-\u009F]/g;

/** A line that others wrote, for a terminal: it may be coloured, and nothing else. */
export function safeLine(line: string): string {
  const safe = line.replaceAll(OBEYED, "");
  return safe.includes("\u001B[") ? `${safe}\u001B[0m` : safe;
}

/** The same without colours. */
export function plainLine(line: string): string {
  return Bun.stripANSI(safeLine(line));
}
