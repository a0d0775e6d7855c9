import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";

/** The events of a streamed answer, as they come. */
export async function* eventsIn(response: Response): AsyncGenerator<EventSourceMessage> {
  if (response.body === null) return;
  yield* read(response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()));
}

/** Browsers differ in what can be iterated. */
export async function* read<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isOver = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isOver) await reader.cancel().catch(() => undefined);
  }
}
