/** A shorter value is part of too many words. `src/runtime/_oken/parent/redaction.py` has the same number. */
const MIN_CHARACTERS = 6;

/** Less of a value in base64 may be part of anything; so much holds six bytes. */
const MIN_BASE64 = 8;

/**
 * All that a text may have of the values: each, each of its lines, and how programs write them. For what programs send,
 * errors quote addresses and headers, so that whole values are also known in URLs, HTML and base64. The file that
 * `MIN_CHARACTERS` names has the same forms.
 */
export function secretForms(values: readonly string[]): string[] {
  const whole = longEnough(values);
  const lines = longEnough(values.flatMap((value) => value.split(/\r?\n|\r/)));
  const parts = [...whole, ...lines];
  const sent = [inUrl, inHtml, inBase64].flatMap((write) => whole.flatMap(write));
  return [...new Set([...parts, ...parts.flatMap(quoted), ...sent])];
}

function longEnough(values: readonly string[]): string[] {
  return values.map((value) => value.trim()).filter((value) => value.length >= MIN_CHARACTERS);
}

/** As JSON and Python's `repr` write it, and JSON inside of JSON. */
function quoted(value: string): string[] {
  const json = inner(JSON.stringify(value));
  const ascii = json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`);
  const bytes = Buffer.from(value).toString("latin1");
  const reprs = [inRepr(value, isShownInText), inRepr(bytes, isShownInBytes)].flatMap((text) => [
    text,
    text.replaceAll("'", String.raw`\'`),
  ]);
  return [json, ascii, inner(JSON.stringify(json)), ...reprs];
}

/** With and without the slash of paths, with the plus of forms, and with digits of either case. */
function inUrl(value: string): string[] {
  const encoded = encodeURIComponent(value.toWellFormed());
  const strict = encoded.replace(/[!'()*]/g, (char) => `%${hex(char.charCodeAt(0), 2).toUpperCase()}`);
  const forms = [encoded, strict, strict.replaceAll("%2F", "/"), strict.replaceAll("%20", "+")];
  return [...forms, ...forms.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

function inHtml(value: string): string[] {
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return ["&#x27;", "&#39;"].flatMap((quote) => [
    escaped,
    escaped.replaceAll('"', "&quot;").replaceAll("'", quote),
    escaped.replaceAll('"', "&#34;").replaceAll("'", quote),
  ]);
}

/** Alone, and as the part that stays the same whatever is before and after it, as in `Authorization: Basic`. */
function inBase64(value: string): string[] {
  const bytes = Buffer.from(value);
  const parts = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    const isPartial = (offset + bytes.length) % 3 !== 0;
    return text.replaceAll("=", "").slice(offset === 0 ? 0 : offset + 1, isPartial ? -1 : undefined);
  });
  const forms = [bytes.toString("base64"), ...parts].filter((form) => form.length >= MIN_BASE64);
  return [...forms, ...forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}

/** As Python writes what it does not show as it is. */
function inRepr(text: string, isShown: (code: number) => boolean): string {
  const shown = Array.from(text, (char) => {
    const short = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }[char];
    const code = char.codePointAt(0) ?? 0;
    return short ?? (isShown(code) ? char : `\\x${hex(code, 2)}`);
  });
  return shown.join("");
}

/** Of characters that Unicode has no letter for, those of one byte. */
function isShownInText(code: number): boolean {
  return isShownInBytes(code) || (code > 0xa0 && code !== 0xad);
}

function isShownInBytes(code: number): boolean {
  return code >= 0x20 && code < 0x7f;
}

function inner(quotedText: string): string {
  return quotedText.slice(1, -1);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
