/** How every line of the runtime inside the container begins; other lines come from before or beside it. */
const RUNTIME_LINE = '{"oken":';

/** What the agent printed, without the runtime's frame around it; a line that has none is given back as it is. */
export function plainLine(line: string): string {
  if (!line.startsWith(RUNTIME_LINE)) return line;
  try {
    const parsed: unknown = JSON.parse(line);
    const message = typeof parsed === "object" && parsed !== null && "msg" in parsed ? parsed.msg : undefined;
    return typeof message === "string" ? message : line;
  } catch {
    // Cut by the engine at its own limit: show what there is.
    return line;
  }
}

/** The same over a whole text of several lines. */
export function plainText(text: string): string {
  return text.split("\n").map(plainLine).join("\n");
}
