import { parseJson } from "../lib/json.ts";
import { bytesWithin } from "../lib/read-within.ts";

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
    const bytes = await bytesWithin(response, MAX_ANSWER_BYTES);
    return bytes && parseJson(bytes.toString());
  } finally {
    // What is left of a long answer is not waited for.
    ended.abort();
  }
}
