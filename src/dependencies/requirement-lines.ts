export type RequirementLine = { line: string; number: number };

/**
 * Joins lines as pip does: a backslash continues one, and a `#` at its start or after a space begins a comment. One line
 * is read at a time: a file may have millions.
 */
export function* logicalLines(text: string): Generator<RequirementLine> {
  let joined = "";
  let start = 0;
  let number = 0;
  for (const raw of linesOf(text)) {
    number += 1;
    if (joined === "") start = number;
    if (joined === "" && raw === "") continue;
    const isComment = /^\s*#/.test(raw);
    if (raw.endsWith("\\") && !isComment) {
      joined += `${raw.slice(0, -1)} `;
      continue;
    }
    const line = withoutComment(`${joined}${isComment ? "" : raw}`).trim();
    joined = "";
    if (line !== "") yield { line, number: start };
  }
  if (joined.trim() !== "") yield { line: joined.trim(), number: start };
}

/** Lines end with any of the three line ends. */
function* linesOf(text: string): Generator<string> {
  const plain = text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
  let at = 0;
  for (let end = plain.indexOf("\n"); end !== -1; end = plain.indexOf("\n", at)) {
    yield plain.slice(at, end);
    at = end + 1;
  }
  yield plain.slice(at);
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
