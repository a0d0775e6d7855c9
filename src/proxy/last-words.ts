import type { Clock } from "../lib/clock.ts";
import type { AnswerBody } from "./answer-body.ts";

/** From the last item of a stream that broke off to its end, milliseconds: a cut drops what is still on its way. */
const CUT_AFTER_MS = 50;

/** How our runtime streams items, and how it says in them that the stream has failed. */
const FORMS = [
  {
    type: "text/event-stream",
    hasEmptyLine: true,
    failure: (body: string) => `event: error\ndata: ${body}\n\n`,
    isCut: false,
  },
  // A line with an error looks like an item, so that the end must not look whole.
  {
    type: "application/x-ndjson",
    hasEmptyLine: false,
    failure: (body: string) => `${body}\n`,
    isCut: true,
  },
] as const;

const LF = 0x0a;
const FAILURE = new TextEncoder().encode('{"error":');

type Form = (typeof FORMS)[number];

export type LastWords = {
  clock: Pick<Clock, "timer">;
  /** An error's body, as JSON in one line, for the reader of a stream that broke off. Undefined if there is no reader. */
  explain: (error: unknown) => Promise<string | undefined>;
};

/** Follows a stream of items, so that its reader can be told why it broke off. */
export type ItemStream = {
  /** A piece has come, which need not be an item. */
  saw(bytes: Uint8Array): void;
  /** The exchange has failed: tells the reader, if nothing is left in the middle, and ends `body`. */
  fail(body: AnswerBody, error: unknown): Promise<void>;
};

/** Undefined for an answer in another form. */
export function itemStream(
  contentType: string | null,
  { clock, explain }: LastWords,
): ItemStream | undefined {
  const form = FORMS.find(({ type }) => contentType?.startsWith(type));
  return form && createItemStream(form, { clock, explain });
}

function createItemStream(form: Form, { clock, explain }: LastWords): ItemStream {
  let [before, last] = [LF, LF];
  let isTold = false;
  const isBetweenItems = () => last === LF && (!form.hasEmptyLine || before === LF);
  return {
    saw(bytes) {
      if (bytes.length === 0) return;
      before = bytes.at(-2) ?? last;
      last = bytes.at(-1) ?? last;
      isTold = form.isCut && saysFailure(bytes);
    },
    async fail(body, error) {
      const isNews = body.isOpen && isBetweenItems() && !isTold;
      const why = isNews ? await explain(error).catch(() => undefined) : undefined;
      if (why === undefined) return body.fail(error);
      body.push(new TextEncoder().encode(form.failure(why)));
      if (form.isCut) clock.timer(CUT_AFTER_MS, () => body.fail(error));
      else body.end();
      return undefined;
    },
  };
}

/** Whether the last line is an error's body: the runtime has told of a failure, and cuts the stream next. */
function saysFailure(bytes: Uint8Array): boolean {
  const start = bytes.lastIndexOf(LF, bytes.length - 2) + 1;
  return FAILURE.every((byte, at) => bytes[start + at] === byte);
}
