import { EventSourceParserStream } from "eventsource-parser/stream";

import { UnreachableError } from "./errors.ts";

/** The events of a stream as they come. */
export async function* readEvents(
  answer: Response,
  address: string,
): AsyncGenerator<{ id: string | undefined; event: string; data: string }> {
  if (answer.body === null) return;
  const events = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  try {
    for await (const { id, event = "message", data } of events) yield { id, event, data };
  } catch (error) {
    throw new UnreachableError(address, error);
  }
}
