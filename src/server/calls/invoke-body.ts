import { KiB } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import type { OutgoingBody } from "../../proxy/http1/request.ts";
import { SMALL_BODY } from "../../proxy/small-body.ts";
import { inTime, limitBody } from "../requests/request-body.ts";

/** How long a caller may send nothing of the first part of its body, milliseconds. */
const SILENCE_MS = 30_000;

/** How long the first part may take altogether, milliseconds: 64 KiB at 1 KiB/s. */
const FIRST_PART_MS = 60_000;

/** A body of known length that has a slot comes no slower, bytes a second. The first ten seconds of waiting are free. */
const PACE = 16 * KiB;
const GRACE_MS = 10_000;

type BodyParts = {
  maxBytes: number;
  clock: Clock;
  /** Whether a body without a length may be one half of a conversation, which goes on once its first part is here. */
  mayConverse: boolean;
};

/**
 * The body of a call as it goes to the agent. Resolves when it is here, or its first 64 KiB are: it is before this that
 * slow callers are waited for, and only after it that a call takes one of the agent's slots.
 *
 * @throws RunnerError INVALID_REQUEST (408) for a body that does not come, and (417) as `limitBody` does
 */
export async function arrivingBody(request: Request, parts: BodyParts): Promise<OutgoingBody> {
  const { clock } = parts;
  const length = lengthOf(request);
  const limited = await limitBody(request, parts);
  if (length !== undefined && length <= SMALL_BODY)
    return {
      kind: "bytes",
      bytes: await inTime(limited.bytes(), { clock, ms: FIRST_PART_MS }),
    };
  if (limited.body === null) return { kind: "none" };
  const reader = limited.body.getReader();
  const isPaced = length !== undefined || !parts.mayConverse;
  try {
    const first = await firstPart(reader, { clock, enough: isPaced ? SMALL_BODY : 1 });
    return { kind: "stream", stream: streamOf(reader, { clock, first, isPaced }), length };
  } catch (error) {
    // What is still on its way is dropped, so that the answer reaches the caller.
    void reader.cancel().catch(() => undefined);
    throw error;
  }
}

function lengthOf({ headers }: Request): number | undefined {
  const length = headers.get("content-length");
  return length === null ? undefined : Number(length);
}

type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;
type FirstPart = { chunks: Uint8Array[]; isWhole: boolean };

/** Reads until there are `enough` bytes, or all. */
async function firstPart(reader: Reader, { clock, enough }: { clock: Clock; enough: number }) {
  const startedAt = clock.monotonic();
  const part: FirstPart = { chunks: [], isWhole: false };
  for (let bytes = 0; bytes < enough;) {
    const left = FIRST_PART_MS - (clock.monotonic() - startedAt);
    const { done, value } = await inTime(reader.read(), { clock, ms: Math.min(left, SILENCE_MS) });
    part.isWhole = done;
    if (done) break;
    part.chunks.push(value);
    bytes += value.byteLength;
  }
  return part;
}

type StreamParts = { clock: Clock; first: FirstPart; isPaced: boolean };

function streamOf(reader: Reader, { clock, first, isPaced }: StreamParts): ReadableStream<Uint8Array> {
  const read = isPaced ? pacedReads(reader, clock) : () => reader.read();
  const chunks = [...first.chunks];
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const known = chunks.shift();
        if (known !== undefined) return controller.enqueue(known);
        if (first.isWhole) return controller.close();
        const { done, value } = await read().catch((error: unknown) => {
          void reader.cancel().catch(() => undefined);
          throw error;
        });
        return done ? controller.close() : controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Only the time that we wait for the caller counts: an agent may read slowly. */
function pacedReads(reader: Reader, clock: Clock) {
  let waitedMs = 0;
  let bytes = 0;
  return async () => {
    const since = clock.monotonic();
    const ms = GRACE_MS + (bytes / PACE) * 1000 - waitedMs;
    const chunk = await inTime(reader.read(), { clock, ms });
    waitedMs += clock.monotonic() - since;
    bytes += chunk.value?.byteLength ?? 0;
    return chunk;
  };
}
