/** Longest line handed on whole, characters; a longer one is cut into pieces of this length (CONTRACT section 6). */
const MAX_LINE = 64 * 1024;

/**
 * Cuts text that arrives in arbitrary chunks into lines without their line ends. A line longer than `maxLine` comes in
 * pieces, so that one endless line cannot fill the memory.
 */
export async function* splitLines(chunks: AsyncIterable<string>, maxLine = MAX_LINE): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield* pieces(line.replace(/\r$/, ""), maxLine);
    while (rest.length > maxLine) {
      yield rest.slice(0, maxLine);
      rest = rest.slice(maxLine);
    }
  }
  if (rest !== "") yield* pieces(rest, maxLine);
}

function* pieces(line: string, maxLine: number): Generator<string> {
  if (line.length <= maxLine) yield line;
  else for (let start = 0; start < line.length; start += maxLine) yield line.slice(start, start + maxLine);
}
