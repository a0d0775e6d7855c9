/** A part of a form: a text, or a file that is made while it is sent. */
export type Part = { name: string } & (
  { text: string } | { filename: string; content: AsyncIterable<Uint8Array<ArrayBuffer>> }
);

/** A form in pieces, for bodies that do not fit in memory: `FormData` would collect them. */
export function multipart(parts: readonly Part[]): {
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array<ArrayBuffer>>;
} {
  const boundary = `oken-${crypto.randomUUID()}`;
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: piecesOf(parts, boundary),
  };
}

async function* piecesOf(parts: readonly Part[], boundary: string) {
  const encoder = new TextEncoder();
  for (const part of parts) {
    const file = "filename" in part ? `; filename="${part.filename}"\r\nContent-Type: application/gzip` : "";
    yield encoder.encode(
      `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"${file}\r\n\r\n`,
    );
    if ("text" in part) yield encoder.encode(part.text);
    else yield* part.content;
    yield encoder.encode("\r\n");
  }
  yield encoder.encode(`--${boundary}--\r\n`);
}
