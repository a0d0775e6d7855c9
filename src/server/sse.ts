import type { Clock } from "../lib/clock.ts";

/** A comment at least this often, so that nobody on the way takes silence for death (cut after about 12 s). */
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
 * A stream of server-sent events (WHATWG HTML section 9.2). The first byte leaves at once, since some clients hold back
 * the headers until then. `follow` gives the events; its signal aborts as soon as the reader leaves.
 */
export function sseResponse(
  { clock, request }: { clock: Clock; request: Request },
  follow: (signal: AbortSignal) => AsyncIterable<SseEvent>,
): Response {
  const encoder = new TextEncoder();
  const ended = new AbortController();
  const events = follow(AbortSignal.any([request.signal, ended.signal]))[Symbol.asyncIterator]();
  let cancelBeat: (() => void) | undefined;
  const end = () => {
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

/** A carriage return would end a line of the stream, so each part of the data becomes a `data: ` line of its own. */
function textOf({ id, event, data }: SseEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map((part) => `data: ${part}`);
  if (event !== undefined) lines.unshift(`event: ${event}`);
  if (id !== undefined) lines.unshift(`id: ${id}`);
  return `${lines.join("\n")}\n\n`;
}
