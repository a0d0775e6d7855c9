import type { Connection } from "./http1/connection.ts";
import { LentPieces } from "./lent-pieces.ts";

/** Bytes that wait for a slow reader before the agent is made to wait. */
const BUFFER_BYTES = 64 * 1024;

/**
 * The body of an answer as a stream that its reader paces. The reader must be done with a piece before it asks for the
 * next one: then its memory is freed.
 */
export class AnswerBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #connection: Pick<Connection, "pause" | "resume" | "destroy">;
  readonly #pieces = new LentPieces();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isOpen = true;
  #waiting = 0;

  constructor(connection: Pick<Connection, "pause" | "resume" | "destroy">) {
    this.#connection = connection;
    // The queue counts pieces, the bytes are counted here: Bun gives a response a buffer as large as its stream's high
    // water mark, of which even one that says nothing holds a page. With none, `pull` comes only when a reader waits and
    // nothing lies here for it.
    this.stream = new ReadableStream(
      {
        start: (controller) => void (this.#controller = controller),
        pull: () => this.#taken(),
        cancel: (reason) => this.#cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** False once it has ended, or its reader has left. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  push(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#waiting += bytes.length;
    this.#pieces.lend(bytes);
    // A reader that waits has it at once: then nothing waits any more.
    this.#controller?.enqueue(bytes);
    if (this.#waiting >= BUFFER_BYTES) this.#connection.pause();
  }

  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#controller?.close();
    // The next request finds it as it was.
    this.#connection.resume();
  }

  /** Breaks the stream off: it never ends as if it were whole. */
  fail(reason: unknown): void {
    if (this.#isOpen) this.#controller?.error(reason);
    this.#isOpen = false;
  }

  #taken(): void {
    this.#pieces.asked();
    this.#waiting = 0;
    this.#connection.resume();
  }

  #cancel(reason: unknown): void {
    // After the end the connection may serve another request.
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#connection.destroy(reason);
  }
}
