import { SpentMemory } from "../lib/spent-memory.ts";
import type { Connection } from "./http1/connection.ts";

/** Bytes that wait for a slow reader before the agent is made to wait. */
const BUFFER_BYTES = 64 * 1024;

/** The body of an answer as a stream that its reader paces. */
export type AnswerBody = {
  readonly stream: ReadableStream<Uint8Array>;
  /** False once it has ended, or its reader has left. */
  readonly isOpen: boolean;
  push(bytes: Uint8Array): void;
  end(): void;
  /** Breaks the stream off: it never ends as if it were whole. */
  fail(reason: unknown): void;
};

export function createAnswerBody(
  connection: Pick<Connection, "pause" | "resume">,
  onCancel: (reason: unknown) => void,
): AnswerBody {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isOpen = true;
  let waiting = 0;
  const spent = new SpentMemory();
  // The queue counts pieces, the bytes are counted here: Bun gives a response a buffer as large as its stream's high
  // water mark, of which even one that says nothing holds a page.
  const stream = new ReadableStream<Uint8Array>({
    start(it) {
      controller = it;
    },
    pull() {
      spent.add(waiting);
      waiting = 0;
      connection.resume();
    },
    cancel(reason) {
      // After the end the connection may serve another request.
      if (!isOpen) return;
      isOpen = false;
      onCancel(reason);
    },
  });
  return {
    stream,
    get isOpen() {
      return isOpen;
    },
    push(bytes) {
      if (!isOpen) return;
      waiting += bytes.length;
      // A reader that waits has it at once: then it calls `pull`.
      controller?.enqueue(bytes);
      if (waiting >= BUFFER_BYTES) connection.pause();
    },
    end() {
      if (!isOpen) return;
      isOpen = false;
      controller?.close();
      // The next request finds it as it was.
      connection.resume();
    },
    fail(reason) {
      if (isOpen) controller?.error(reason);
      isOpen = false;
    },
  };
}
