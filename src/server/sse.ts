import { type Streaming, streamedResponse } from "./streamed-response.ts";

const COMMENT = ":\n\n";

/** One server-sent event; `data` may have several lines. */
export type SseEvent = { id?: number | string; event?: string; data: string };

/**
 * A stream of server-sent events (WHATWG HTML section 9.2). The first byte is sent at once, since some clients wait
 * for it before they show the headers. `follow` gives the events; its signal aborts when the reader leaves.
 */
export function sseResponse(
  streaming: Streaming,
  follow: (signal: AbortSignal) => AsyncIterable<SseEvent>,
): Response {
  return streamedResponse(streaming, { type: "text/event-stream", beat: COMMENT }, (signal) =>
    asTexts(follow(signal)),
  );
}

async function* asTexts(events: AsyncIterable<SseEvent>): AsyncGenerator<string> {
  for await (const event of events) yield textOf(event);
}

/** Each line of the data becomes a `data: ` line. A carriage return ends a line too. */
function textOf({ id, event, data }: SseEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map((part) => `data: ${part}`);
  if (event !== undefined) lines.unshift(`event: ${event}`);
  if (id !== undefined) lines.unshift(`id: ${id}`);
  return `${lines.join("\n")}\n\n`;
}
