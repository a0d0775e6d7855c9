import { SMALL_BODY } from "./small-body.ts";

/** An answer with its body as a stream, which calls `onDone` once at its end. A small body of known length is read whole. */
export async function relay(response: Response, onDone: () => void): Promise<Response> {
  if (response.body === null) {
    onDone();
    return response;
  }
  const length = response.headers.get("content-length");
  if (length !== null && Number(length) <= SMALL_BODY) {
    const bytes = await response.arrayBuffer();
    onDone();
    return new Response(bytes, response);
  }
  return new Response(tracked(response.body, onDone), response);
}

/** The same stream, which calls `onDone` at its end. Nothing is read ahead of the reader. */
function tracked(body: ReadableStream<Uint8Array>, onDone: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        onDone();
        controller.close();
      } catch (error) {
        onDone();
        controller.error(error);
      }
      return undefined;
    },
    async cancel(reason) {
      onDone();
      await reader.cancel(reason);
    },
  });
}
