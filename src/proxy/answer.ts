import { AnswerBody } from "./answer-body.ts";
import { endToEndPairs } from "./headers.ts";
import type { Connection, ExchangeListener } from "./http1/connection.ts";
import type { AnswerHead } from "./http1/head.ts";
import { type ItemStream, type LastWords, itemStream } from "./last-words.ts";
import { SMALL_BODY } from "./small-body.ts";

/** Statuses whose responses have no body (Fetch standard, "null body status"). */
const NULL_BODY = new Set([204, 205, 304]);

export type AnswerOptions = {
  /** Called once, when the answer has ended, or with why it was cut off. */
  onDone: (error?: unknown) => void;
  /** For an agent that streams items in our runtime's forms. */
  lastWords: LastWords | undefined;
};

type AnswerInit = { status: number; headers: [name: string, value: string][] };

/** Makes a response of what a connection tells of an answer. */
export class Answer implements ExchangeListener {
  readonly #options: AnswerOptions;
  readonly #made = Promise.withResolvers<Response>();
  #connection: Pick<Connection, "pause" | "resume" | "destroy"> | undefined;
  /** Until the response is made: a stream may last for days. */
  #head: AnswerHead | undefined;
  #pieces: Uint8Array[] | undefined = [];
  #body: AnswerBody | undefined;
  #items: ItemStream | undefined;

  constructor(options: AnswerOptions) {
    this.#options = options;
  }

  /** Resolves with the head, or with the whole of a small answer. */
  get response(): Promise<Response> {
    return this.#made.promise;
  }

  connected(connection: Pick<Connection, "pause" | "resume" | "destroy">): void {
    this.#connection = connection;
  }

  head(head: AnswerHead): void {
    this.#head = head;
  }

  data(bytes: Uint8Array): void {
    if (this.#body === undefined) this.#pieces?.push(bytes);
    else this.#body.push(bytes);
    this.#items?.saw(bytes);
  }

  end(): void {
    this.#options.onDone();
    if (this.#body !== undefined) this.#body.end();
    else if (this.#head !== undefined) this.#made.resolve(wholeResponse(this.#head, this.#pieces ?? []));
    this.#head = undefined;
  }

  flush(): void {
    const head = this.#head;
    if (head === undefined || this.#connection === undefined) return;
    if (head.framing.kind === "length" && head.framing.length <= SMALL_BODY) return;
    const pieces = this.#pieces ?? [];
    this.#head = undefined;
    this.#pieces = undefined;
    const body = new AnswerBody(this.#connection);
    this.#body = body;
    const { lastWords } = this.#options;
    this.#items = lastWords && itemStream(valueOf(head, "content-type"), lastWords);
    for (const bytes of pieces) this.data(bytes);
    this.#made.resolve(new Response(NULL_BODY.has(head.status) ? null : body.stream, initOf(head)));
  }

  /** The answer broke off, or never came. */
  fail(error: unknown): void {
    this.#options.onDone(error);
    if (this.#body === undefined) this.#made.reject(error);
    else if (this.#items === undefined) this.#body.fail(error);
    else void this.#items.fail(this.#body, error);
  }
}

function wholeResponse(head: AnswerHead, pieces: Uint8Array[]): Response {
  const hasBody = head.framing.kind !== "none" && !NULL_BODY.has(head.status);
  const [only] = pieces;
  const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  const init = initOf(head);
  if (!hasBody) return new Response(null, hasNoLength(head) ? chunked(init) : init);
  return new Response(valueOf(head, "content-type") === null ? untyped(bytes) : bytes, init);
}

/** Whether it answers HEAD for something whose length nobody knows: Bun would say that it has none. */
function hasNoLength(head: AnswerHead): boolean {
  return !NULL_BODY.has(head.status) && valueOf(head, "content-length") === null;
}

/** What GET would have. */
function chunked({ headers, ...init }: AnswerInit): ResponseInit {
  return { ...init, headers: [...headers, ["transfer-encoding", "chunked"]] };
}

/** Bun gives bytes a Content-Type. A stream that has ended gets none, and its length all the same. */
function untyped(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** Bun writes the framing of the response itself. */
function initOf({ status, headers }: AnswerHead): AnswerInit {
  return { status, headers: endToEndPairs(headers) };
}

function valueOf({ headers }: AnswerHead, wanted: string): string | null {
  return headers.find(([name]) => name === wanted)?.[1] ?? null;
}
