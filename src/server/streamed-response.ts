import type { Clock } from "../lib/clock.ts";
import { openAnswer } from "./open-answer.ts";

/** A beat is sent this often, milliseconds. Proxies and clients cut a stream that is silent for about 12 s. */
const HEARTBEAT_MS = 4_000;

export type Streaming = { clock: Clock; request: Request };

/** `beat`: what says that the stream lives, at once and while it is silent. */
type StreamForm = { type: string; beat: string | undefined };

/** An answer whose text comes bit by bit. The signal that `follow` gets aborts when the reader leaves. */
export function streamedResponse(
  { clock, request }: Streaming,
  { type, beat }: StreamForm,
  follow: (signal: AbortSignal) => AsyncIterable<string>,
): Response {
  if (request.method === "HEAD") return new Response(null, { headers: headersOf(type) });
  const encoder = new TextEncoder();
  const ended = new AbortController();
  const texts = follow(AbortSignal.any([request.signal, ended.signal]))[Symbol.asyncIterator]();
  let cancelBeat: (() => void) | undefined;
  const answer = openAnswer(request);
  const end = () => {
    answer.end();
    cancelBeat?.();
    ended.abort();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (beat === undefined) return;
      const send = () => {
        controller.enqueue(encoder.encode(beat));
        cancelBeat = clock.timer(HEARTBEAT_MS, send);
      };
      send();
    },
    async pull(controller) {
      try {
        const { done, value } = await texts.next();
        if (!done) return controller.enqueue(encoder.encode(value));
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
  return new Response(body, { headers: headersOf(type) });
}

function headersOf(type: string) {
  return {
    "Content-Type": `${type}; charset=utf-8`,
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
  };
}
