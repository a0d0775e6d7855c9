/** A shorter value is part of too many words. `src/runtime/_oken/parent/redaction.py` has the same number. */
const MIN_CHARACTERS = 6;

const REDACTED = "[REDACTED]";

/** Cuts each value from a text, each line of it, and both as JSON writes them. */
export function secretRedactor(secrets: Record<string, string>): (text: string) => string {
  const values = Object.values(secrets);
  const parts = [...values, ...values.flatMap((value) => value.split(/\r?\n|\r/))];
  const plain = parts.map((part) => part.trim()).filter((part) => part.length >= MIN_CHARACTERS);
  const quoted = plain.map((part) => JSON.stringify(part).slice(1, -1));
  // The longest first: one value may be the beginning of another.
  const forms = [...new Set([...plain, ...quoted])].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const form of forms) clean = clean.replaceAll(form, REDACTED);
    return clean;
  };
}

/** The same for all texts in a value that JSON can hold. */
export function redactValue(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactValue(item, redact)]));
}
