import type { Clock } from "../lib/clock.ts";
import { openAnswer } from "./open-answer.ts";

/** A comment is sent this often, milliseconds. Proxies and clients cut a stream that is silent for about 12 s. */
const HEARTBEAT_MS = 4_000;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache",
  "X-Accel-Buffering": "no",
};

const COMMENT = ":\n\n";

/** One server-sent event; `data` may have several lines. */
export type SseEvent = { id?: number; event?: string; data: string };

/**
 * A stream of server-sent events (WHATWG HTML section 9.2). The first byte is sent at once, since some clients wait
 * for it before they show the headers. `follow` gives the events; its signal aborts when the reader leaves.
 */
export function sseResponse(
  { clock, request }: { clock: Clock; request: Request },
  follow: (signal: AbortSignal) => AsyncIterable<SseEvent>,
): Response {
  const encoder = new TextEncoder();
  const ended = new AbortController();
  const events = follow(AbortSignal.any([request.signal, ended.signal]))[Symbol.asyncIterator]();
  let cancelBeat: (() => void) | undefined;
  const answer = openAnswer(request);
  const end = () => {
    answer.end();
    cancelBeat?.();
    ended.abort();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const beat = () => {
        controller.enqueue(encoder.encode(COMMENT));
        cancelBeat = clock.timer(HEARTBEAT_MS, beat);
      };
      beat();
    },
    async pull(controller) {
      try {
        const { done, value } = await events.next();
        if (!done) return controller.enqueue(encoder.encode(textOf(value)));
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
      return undefined;
    },
    cancel: end,
  });
  return new Response(body, { headers: HEADERS });
}

/** Each line of the data becomes a `data: ` line. A carriage return ends a line too. */
function textOf({ id, event, data }: SseEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map((part) => `data: ${part}`);
  if (event !== undefined) lines.unshift(`event: ${event}`);
  if (id !== undefined) lines.unshift(`id: ${id}`);
  return `${lines.join("\n")}\n\n`;
}
