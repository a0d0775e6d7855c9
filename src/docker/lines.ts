import type { OutputLine } from "./types.ts";

/** Longest line that is passed on whole, characters: a frame of the runtime with 64 KiB that JSON must escape. */
const MAX_LINE = 512 * 1024;

/** The lines of what a command has printed. */
export function linesOf(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}

/**
 * Cuts chunks of text into lines, without their newlines. A line longer than `maxLine` comes in pieces, so that an
 * endless line cannot fill the memory.
 */
export async function* splitLines(chunks: AsyncIterable<string>, maxLine = MAX_LINE): AsyncGenerator<string> {
  const cutter = createCutter(maxLine);
  for await (const chunk of chunks) yield* cutter.feed(chunk);
  yield* cutter.end();
}

/** The same for the two outputs of a command, whose chunks may alternate in the middle of a line. */
export async function* splitOutput(
  chunks: AsyncIterable<OutputLine>,
  maxLine = MAX_LINE,
): AsyncGenerator<OutputLine> {
  const cutters = { stdout: createCutter(maxLine), stderr: createCutter(maxLine) };
  for await (const { stream, text } of chunks) {
    for (const line of cutters[stream].feed(text)) yield { stream, text: line };
  }
  for (const stream of ["stdout", "stderr"] as const) {
    for (const line of cutters[stream].end()) yield { stream, text: line };
  }
}

/** What a terminal shows of a line, cut to `maxLine`: a progress bar overwrites its line after a carriage return. */
export function shownLine(text: string, maxLine: number): string {
  const end = text.endsWith("\r") ? text.length - 1 : text.length;
  const start = end === 0 ? 0 : text.lastIndexOf("\r", end - 1) + 1;
  return text.slice(start, Math.min(end, start + maxLine));
}

function createCutter(maxLine: number) {
  let rest = "";
  return {
    *feed(chunk: string): Generator<string> {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield* pieces(line.replace(/\r$/, ""), maxLine);
      while (rest.length > maxLine) {
        const piece = rest.slice(0, maxLine);
        rest = rest.slice(maxLine);
        yield piece;
      }
    },
    *end(): Generator<string> {
      if (rest !== "") yield* pieces(rest, maxLine);
    },
  };
}

function* pieces(line: string, maxLine: number): Generator<string> {
  if (line.length <= maxLine) yield line;
  else for (let start = 0; start < line.length; start += maxLine) yield line.slice(start, start + maxLine);
}
