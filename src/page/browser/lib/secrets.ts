/** Lines of `NAME=value`, as files of environments have them, to the object that a deploy sends. */
export function secretsOf(text: string): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new TypeError(`Line ${index + 1} of the secrets is not NAME=value.`);
    secrets[name] = unquoted(value.trim());
  }
  return secrets;
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
}
