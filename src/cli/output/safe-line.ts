/**
 * A colour; or what a terminal obeys besides: other escape sequences, an escape without its end, which what is printed
 * next would give it, and control characters but tabs.
 */
const SEQUENCES =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /(\u001B\[[\d;:]*m)|\u001B\[[0-?]*[ -/]*[@-~]|\u001B[\]PX^_][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g;

/** A line that others wrote, for a terminal: it may be coloured, and nothing else. */
export function safeLine(line: string): string {
  const safe = line.replaceAll(SEQUENCES, "$1");
  return safe.includes("\u001B[") ? `${safe}\u001B[0m` : safe;
}

/** The same of several lines. */
export function safeText(text: string): string {
  return text.split("\n").map(safeLine).join("\n");
}

/** A line without colours. */
export function plainLine(line: string): string {
  return Bun.stripANSI(safeLine(line));
}

/** Several lines without colours. */
export function plainText(text: string): string {
  return text.split("\n").map(plainLine).join("\n");
}
