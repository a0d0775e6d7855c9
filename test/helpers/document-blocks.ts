/** Commands of a page that are pasted together, and the answer that the page shows right below them. */
export type Block = { commands: string[]; shown?: Shown };

export type Shown = { language: "json" | "text"; text: string };

/**
 * The commands of a page: its blocks in `sh`, and the examples of a command's help, which begin with `$`. An example
 * that stands in two helps counts once. An answer is what follows a block with nothing in between.
 */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const examples = new Set<string>();
  let last: Block | undefined;
  const apart = () => {
    last = undefined;
    return null;
  };
  Bun.markdown.render(markdown, {
    code(text, { language } = {}) {
      const before = last;
      apart();
      if (language === "sh") blocks.push((last = { commands: commandsOf(text) }));
      else if (before !== undefined && (language === "json" || language === "text"))
        before.shown = { language, text };
      else if (language === "text") blocks.push({ commands: examplesOf(text, examples) });
      return null;
    },
    ...{ heading: apart, paragraph: apart, list: apart, table: apart, html: apart, hr: apart },
  });
  return blocks.filter(({ commands }) => commands.length > 0);
}

/** The commands of a program that stand in sentences and tables, as in `oken-runner help`. */
export function inlineCommandsOf(markdown: string, program: string): string[] {
  const commands: string[] = [];
  Bun.markdown.render(markdown, {
    codespan(text) {
      if (text.startsWith(`${program} `)) commands.push(text);
      return null;
    },
  });
  return commands;
}

/** A line each, unless it ends with a backslash or opens a here-document. Comments are left out. */
export function commandsOf(text: string): string[] {
  const commands: string[] = [];
  const lines = text.trimEnd().split("\n");
  while (lines.length > 0) {
    let command = lines.shift() ?? "";
    const end = /<<-?\s*['"]?(\w+)/.exec(command)?.[1];
    while (lines.length > 0 && (end === undefined ? command.endsWith("\\") : !command.endsWith(`\n${end}`)))
      command += `\n${lines.shift()}`;
    command = command.replace(/(^|\s+)#\s.*$/, "");
    if (command.trim() !== "") commands.push(command);
  }
  return commands;
}

function examplesOf(text: string, seen: Set<string>): string[] {
  const commands: string[] = [];
  for (const [, command = ""] of text.matchAll(/^ {2}\$ (.*)$/gm)) {
    if (!seen.has(command)) commands.push(command);
    seen.add(command);
  }
  return commands;
}
