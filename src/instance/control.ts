/** The runtime's own answers have a few hundred bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Asks the runtime inside a container for its health, as JSON. Undefined for an answer that is none. Rejects when there
 * is no answer. The agent's code can take the place of its runtime: it is not followed elsewhere, and little is read.
 */
export async function askHealth(
  origin: string,
  { headers = {}, signal }: { headers?: Record<string, string>; signal: AbortSignal },
): Promise<unknown> {
  const ended = new AbortController();
  try {
    const response = await fetch(`${origin}/health`, {
      proxy: "",
      redirect: "manual",
      decompress: false,
      headers,
      signal: AbortSignal.any([signal, ended.signal]),
    });
    return parse(await firstBytes(response));
  } finally {
    // What is left of a long answer is not waited for.
    ended.abort();
  }
}

async function firstBytes({ body }: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    held += chunk.byteLength;
    if (held > MAX_ANSWER_BYTES) return Buffer.alloc(0);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
