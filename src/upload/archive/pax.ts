import { corrupt } from "./refusal.ts";

const SPACE = 0x20;
const NEWLINE = 0x0a;
const MAX_LENGTH_DIGITS = 7;

/**
 * Parses the records of a PAX extended header, each `"<length> <key>=<value>\n"`. A malformed record is refused, since
 * programs that skip it differ in what they read next. The last record of a key counts, as POSIX says.
 */
export function parsePax(body: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(SPACE, at);
    const digits =
      space === -1 ? "" : body.toString("latin1", at, Math.min(space, at + MAX_LENGTH_DIGITS + 1));
    const end = at + Number(digits);
    if (!/^[1-9]\d*$/.test(digits) || digits.length > MAX_LENGTH_DIGITS || end > body.length)
      throw malformed();
    const equals = body.indexOf("=", space + 1);
    if (equals <= space + 1 || equals >= end - 1 || body[end - 1] !== NEWLINE) throw malformed();
    records.set(body.toString("utf8", space + 1, equals), body.toString("utf8", equals + 1, end - 1));
    at = end;
  }
  return records;
}

function malformed() {
  return corrupt("bad_extended_header", "an extended header (PAX) of the archive is malformed");
}
