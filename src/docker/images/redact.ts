/** User and password in a URL, as in `https://user:secret@host/`. An `@` in the password may be unescaped. */
const URL_CREDENTIALS = /:\/\/[^\s/?#]+@/g;

/** Removes credentials from text that people read: those in URLs, and the given values. */
export function redactor(values: string[] = []): (text: string) => string {
  const secrets = values.filter((value) => value !== "").sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text.replace(URL_CREDENTIALS, "://[REDACTED]@");
    for (const secret of secrets) clean = clean.replaceAll(secret, "[REDACTED]");
    return clean;
  };
}
