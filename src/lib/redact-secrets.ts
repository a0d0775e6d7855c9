import { secretForms } from "./secret-forms.ts";

const REDACTED = "[REDACTED]";

/** Cuts what a text has of the secrets. With `from` it gives the rest from that character on, and no half of a value. */
export type SecretRedactor = (text: string, from?: number) => string;

export function secretRedactor(secrets: Record<string, string>): SecretRedactor {
  const forms = secretForms(Object.values(secrets));
  const longest = Math.max(0, ...forms.map((form) => form.length));
  return (text, from = 0) => {
    let clean = "";
    let at = from;
    for (const { start, end } of joined(found(forms, text, Math.max(0, from - longest)))) {
      if (end <= from) continue;
      clean += text.slice(at, Math.max(at, start)) + REDACTED;
      at = end;
    }
    return clean + text.slice(at);
  };
}

/** The same for all texts in a value that JSON can hold. */
export function redactValue(value: unknown, redact: SecretRedactor): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactValue(item, redact)]));
}

type Place = { start: number; end: number };

function found(forms: readonly string[], text: string, from: number): Place[] {
  const places: Place[] = [];
  for (const form of forms) {
    let last: Place | undefined;
    // From the next character on: one value may overlap itself.
    for (let start = text.indexOf(form, from); start !== -1; start = text.indexOf(form, start + 1)) {
      const end = start + form.length;
      if (last !== undefined && start < last.end) last.end = end;
      else places.push((last = { start, end }));
    }
  }
  return places;
}

/** One value may be part of another, or begin within it: then both go. */
function joined(places: Place[]): Place[] {
  const all: Place[] = [];
  for (const { start, end } of places.sort((one, other) => one.start - other.start)) {
    const last = all.at(-1);
    if (last === undefined || start >= last.end) all.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
  return all;
}
