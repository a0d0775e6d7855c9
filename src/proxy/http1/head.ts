import { TOKEN } from "../headers.ts";
import { BrokenAnswerError } from "./errors.ts";

/** How the body of an answer ends (RFC 9112 section 6.3). */
export type Framing =
  | { kind: "none" }
  | { kind: "length"; length: number }
  | { kind: "chunked" }
  /** It ends with the connection. */
  | { kind: "close" };

export type AnswerHead = {
  status: number;
  headers: [name: string, value: string][];
  framing: Framing;
  /** The connection can take another request after this answer. */
  isPersistent: boolean;
};

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;

/** RFC 9110 section 15: values outside of 100 to 599 are not valid. */
const MAX_STATUS = 599;

/**
 * Most headers of an answer, as many as Bun takes of a caller. What Bun does with headers takes time by the square of
 * their number: with the 7,000 that fit the bytes of a head every other call waited for half a second.
 */
const MAX_HEADERS = 200;

/** Text that a header's value must not have. NUL, or a line break that its parser took for none. */
// oxlint-disable-next-line no-control-regex -- these are the characters to refuse
const FORBIDDEN = /[\0\r\n]/;

/**
 * Reads the head of an answer: status line and headers, without the empty line. Stricter than RFC 9112 where programs
 * disagree, so that nothing behind us can take an answer for two.
 *
 * @throws BrokenAnswerError
 */
export function parseHead(text: string, method: string): AnswerHead {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const match = STATUS_LINE.exec(statusLine);
  if (match === null) throw new BrokenAnswerError("its answer has no valid status line");
  const status = Number(match[2]);
  if (status > MAX_STATUS) throw new BrokenAnswerError(`its answer has the status ${status}, which is none`);
  if (lines.length > MAX_HEADERS) throw new BrokenAnswerError("its answer has too many headers");
  const headers = lines.map(parseLine);
  const framing = framingOf(headers, { status, method });
  return { status, headers, framing, isPersistent: match[1] === "1" && isPersistent(headers, framing) };
}

function parseLine(line: string): [string, string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon).toLowerCase();
  const value = line.slice(colon + 1).trim();
  if (colon < 1 || !TOKEN.test(name) || FORBIDDEN.test(value))
    throw new BrokenAnswerError("its answer has a header that is not valid");
  return [name, value];
}

function framingOf(
  headers: AnswerHead["headers"],
  { status, method }: { status: number; method: string },
): Framing {
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  const encodings = valuesOf(headers, "transfer-encoding");
  const lengths = valuesOf(headers, "content-length");
  if (encodings.length > 0) {
    if (lengths.length > 0) throw new BrokenAnswerError("its answer has two lengths");
    return { kind: encodings.at(-1) === "chunked" ? "chunked" : "close" };
  }
  if (lengths.length === 0) return { kind: "close" };
  const [length = ""] = lengths;
  if (!/^\d{1,15}$/.test(length) || lengths.some((other) => other !== length))
    throw new BrokenAnswerError("its answer has a Content-Length that is not valid");
  return { kind: "length", length: Number(length) };
}

function isPersistent(headers: AnswerHead["headers"], framing: Framing): boolean {
  return framing.kind !== "close" && !valuesOf(headers, "connection").includes("close");
}

/** The elements of a header's list, in lower case, of however many lines. */
function valuesOf(headers: AnswerHead["headers"], wanted: string): string[] {
  const values: string[] = [];
  for (const [name, value] of headers)
    if (name === wanted) for (const element of value.toLowerCase().split(",")) values.push(element.trim());
  return values;
}
