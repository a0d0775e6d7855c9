/** Longest record, characters. BuildKit's have a few kilobytes; text that is longer is no record. */
const MAX_RECORD = 8 * 1024 * 1024;

/** Of text that is longer than any record, so many characters are passed on. */
const MAX_TEXT_LINE = 16_384;

export type Vertex = {
  digest: string;
  name: string;
  started?: string;
  completed?: string;
  cached?: boolean;
  error?: string;
};
export type Log = { vertex: string; stream: number; data: string };
export type ProgressRecord = { vertexes?: Vertex[]; logs?: Log[] };

/**
 * Tells BuildKit's records from the messages of the client between them. Since buildx 0.15 a record is an object on a line,
 * and 0.13 and 0.14 print indented objects: they are told by their braces, wherever the line breaks are. Braces in strings
 * do not count. The records: https://github.com/moby/buildkit/blob/master/client/graph.go
 */
export function createRecordSplitter(options: {
  onRecord: (record: ProgressRecord) => void;
  onText: (line: string) => void;
}) {
  let buffer = "";
  let scanned = 0;
  let depth = 0;
  /** Nothing but white space came since the last record or line. */
  let isBlank = true;
  let inString = false;
  let escaped = false;

  const take = (end: number): string => {
    const text = buffer.slice(0, end);
    buffer = buffer.slice(end);
    scanned = 0;
    isBlank = true;
    return text;
  };
  const emitText = (line: string) => {
    if (line.trim() !== "") options.onText(line.endsWith("\n") ? line.slice(0, -1) : line);
  };
  const emitRecord = (text: string) => {
    const record = parseRecord(text);
    if (record === undefined) emitText(text);
    else options.onRecord(record);
  };

  return {
    feed(text: string) {
      buffer += text;
      while (scanned < buffer.length) {
        const character = buffer[scanned];
        scanned += 1;
        if (depth === 0) {
          if (character === "{" && isBlank) depth = 1;
          else if (character === "\n") emitText(take(scanned));
          else isBlank &&= character === " " || character === "\t" || character === "\r";
        } else if (inString) {
          if (escaped) escaped = false;
          else if (character === "\\") escaped = true;
          else if (character === '"') inString = false;
        } else if (character === '"') inString = true;
        else if (character === "{") depth += 1;
        else if (character === "}") {
          depth -= 1;
          if (depth === 0) emitRecord(take(scanned));
        }
      }
      if (buffer.length > MAX_RECORD) {
        emitText(take(buffer.length).slice(0, MAX_TEXT_LINE));
        depth = 0;
        inString = false;
      }
    },
    end() {
      if (buffer !== "") emitText(take(buffer.length));
    },
  };
}

function parseRecord(text: string): ProgressRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
