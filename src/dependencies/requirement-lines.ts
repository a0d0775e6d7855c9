export type RequirementLine = { line: string; number: number };

/** Joins lines as pip does: a backslash continues one, and a `#` at its start or after a space begins a comment. */
export function logicalLines(text: string): RequirementLine[] {
  const lines: RequirementLine[] = [];
  let joined = "";
  let start = 0;
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    if (joined === "") start = index + 1;
    const isComment = /^\s*#/.test(raw);
    if (raw.endsWith("\\") && !isComment) {
      joined += `${raw.slice(0, -1)} `;
      continue;
    }
    const line = withoutComment(`${joined}${isComment ? "" : raw}`).trim();
    joined = "";
    if (line !== "") lines.push({ line, number: start });
  }
  if (joined.trim() !== "") lines.push({ line: joined.trim(), number: start });
  return lines;
}

/** The text before the first `#` that is at its start or after a space. */
export function withoutComment(line: string): string {
  const at = line.search(/(?<!\S)#/);
  return at < 0 ? line : line.slice(0, at);
}

/** The value of an option, written in any way that pip takes: `-rx`, `-r x`, `--requirement=x`. */
export function optionValue(line: string, names: string[]): string | undefined {
  for (const name of names) {
    if (!line.startsWith(name)) continue;
    const rest = line.slice(name.length);
    if (name.startsWith("--") ? /^[=\s]/.test(rest) : rest !== "" && !rest.startsWith("-")) {
      return rest.replace(/^\s*=?\s*/, "").trim();
    }
  }
  return undefined;
}
