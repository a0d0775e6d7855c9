import { AnswerBody } from "./answer-body.ts";
import { endToEndPairs } from "./headers.ts";
import type { Connection, ExchangeListener } from "./http1/connection.ts";
import type { AnswerHead } from "./http1/head.ts";
import { type ItemStream, type LastWords, itemStream } from "./last-words.ts";
import { SMALL_BODY } from "./small-body.ts";

/** Statuses whose responses have no body (Fetch standard, "null body status"). */
const NULL_BODY = new Set([204, 205, 304]);

/** Makes a response of what a connection tells of an answer. */
export type Answer = ExchangeListener & {
  connected(connection: Pick<Connection, "pause" | "resume" | "destroy">): void;
  /** The answer broke off, or never came. */
  fail(error: unknown): void;
  /** Resolves with the head, or with the whole of a small answer. */
  readonly response: Promise<Response>;
};

export type AnswerOptions = {
  /** Called once, when the answer has ended or was cut off. */
  onDone: () => void;
  /** For an agent that streams items in our runtime's forms. */
  lastWords: LastWords | undefined;
};

export function answerListener({ onDone, lastWords }: AnswerOptions): Answer {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  let connection: Parameters<Answer["connected"]>[0] | undefined;
  let head: AnswerHead | undefined;
  let pieces: Uint8Array[] = [];
  let body: AnswerBody | undefined;
  let items: ItemStream | undefined;
  let isWhole = false;

  return {
    response: promise,
    connected(it) {
      connection = it;
    },
    head(it) {
      head = it;
    },
    data(bytes) {
      if (body === undefined) pieces.push(bytes);
      else body.push(bytes);
      items?.saw(bytes);
    },
    end() {
      isWhole = true;
      onDone();
      if (body !== undefined) body.end();
      else if (head !== undefined) resolve(wholeResponse(head, pieces));
    },
    flush() {
      if (head === undefined || connection === undefined || isWhole || body !== undefined) return;
      if (head.framing.kind === "length" && head.framing.length <= SMALL_BODY) return;
      body = new AnswerBody(connection);
      for (const bytes of pieces) body.push(bytes);
      items = lastWords && itemStream(valueOf(head, "content-type"), lastWords);
      for (const bytes of pieces) items?.saw(bytes);
      pieces = [];
      resolve(new Response(NULL_BODY.has(head.status) ? null : body.stream, initOf(head)));
    },
    fail(error) {
      onDone();
      if (body === undefined) reject(error);
      else if (items === undefined) body.fail(error);
      else void items.fail(body, error);
    },
  };
}

function wholeResponse(head: AnswerHead, pieces: Uint8Array[]): Response {
  const hasBody = head.framing.kind !== "none" && !NULL_BODY.has(head.status);
  const [only] = pieces;
  const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  const init = initOf(head);
  if (!hasBody) return new Response(null, init);
  return new Response(valueOf(head, "content-type") === null ? untyped(bytes) : bytes, init);
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
function initOf({ status, headers }: AnswerHead): ResponseInit {
  return { status, headers: endToEndPairs(headers) };
}

function valueOf({ headers }: AnswerHead, wanted: string): string | null {
  return headers.find(([name]) => name === wanted)?.[1] ?? null;
}
