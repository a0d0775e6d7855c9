import { parseJson } from "./json.ts";

/** The body of an answer; undefined where it has more than `maxBytes`, of which nothing more is read. */
export async function bytesWithin(
  { body }: Pick<Response, "body">,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    held += chunk.byteLength;
    if (held > maxBytes) return undefined;
  }
  return Buffer.concat(chunks);
}

/** The JSON of an answer; undefined where it is none, too long, or breaks off. */
export async function jsonWithin(response: Pick<Response, "body">, maxBytes: number): Promise<unknown> {
  const bytes = await bytesWithin(response, maxBytes).catch(() => undefined);
  return bytes && parseJson(bytes.toString());
}
