import { send } from "./api.ts";
import { messageOf } from "./errors.ts";
import { eventsIn, read } from "./event-stream.ts";
import { parseAs } from "./json.ts";

/** Characters of an answer that are shown. */
const MOST_CHARS = 512 * 1024;

/** What came of a call so far. */
export type Outcome = {
  status: number | undefined;
  /** Milliseconds until the answer began, and until it ended. */
  beganMs: number | undefined;
  endedMs: number | undefined;
  timing: string | undefined;
  type: string;
  /** Of a stream: one for each item. */
  items: string[];
  text: string;
  failure: string | undefined;
};

export type Call = { path: string; init: RequestInit };

/** Sends a call and shows its answer as it arrives. */
export async function call({ path, init }: Call, show: (outcome: Outcome) => void): Promise<void> {
  const startedAt = performance.now();
  const since = () => performance.now() - startedAt;
  let outcome: Outcome = {
    status: undefined,
    beganMs: undefined,
    endedMs: undefined,
    timing: undefined,
    type: "",
    items: [],
    text: "",
    failure: undefined,
  };
  const change = (changes: Partial<Outcome>) => {
    outcome = { ...outcome, ...changes };
    show(outcome);
  };
  try {
    const response = await send(path, init);
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    const timing = response.headers.get("server-timing") ?? undefined;
    change({ status: response.status, beganMs: since(), timing, type });
    if (type === "text/event-stream") {
      for await (const { event, data } of eventsIn(response)) {
        if (event === "done") continue;
        change(event === "error" ? { failure: errorIn(data) } : { items: [...outcome.items, pretty(data)] });
      }
    } else if (response.body !== null) {
      for await (const chunk of read(response.body.pipeThrough(new TextDecoderStream())))
        if (outcome.text.length < MOST_CHARS) change({ text: outcome.text + chunk });
    }
    change({ endedMs: since(), text: pretty(outcome.text) });
  } catch (error) {
    const isStopped = init.signal?.aborted === true;
    change({ endedMs: since(), failure: isStopped ? "Stopped." : messageOf(error) });
  }
}

/** JSON with line breaks; any other text as it is. */
function pretty(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}

function errorIn(data: string): string {
  const body = parseAs<{ error?: string }>(data);
  return body.error ?? data;
}

/** Files as a handler gets them: each with its name, its type and its bytes in base64. */
export async function encodedFiles(
  files: readonly File[],
): Promise<{ name: string; type: string; base64: string }[]> {
  return Promise.all(
    files.map(async (file) => ({
      name: file.name,
      type: file.type,
      base64: base64Of(await file.arrayBuffer()),
    })),
  );
}

function base64Of(buffer: ArrayBuffer): string {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 32_768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return btoa(text);
}
