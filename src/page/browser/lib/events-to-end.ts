import type { EventSourceMessage } from "eventsource-parser/stream";

import { errorOf, isUnanswered } from "./errors.ts";
import { eventsIn } from "./event-stream.ts";

/** How long the runner may be gone in the middle of a deploy, milliseconds: a restart takes seconds. */
const PATIENCE_MS = 60_000;

/** Between two attempts, milliseconds: soon at first, since most connections break for a moment only. */
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 3_000;

/** What a deployment's events end with. */
const ENDS: ReadonlySet<string | undefined> = new Set(["result", "error"]);

type Following = {
  /** Asks for the events after the one with this id. */
  resume: (lastId: string) => Promise<Response>;
  /** The connection is gone; the deploy is not. Told once until there is news again. */
  onLost: () => void;
  patienceMs?: number;
};

/**
 * The events of a deployment to its end. A deploy goes on without its reader, so when the connection breaks it is asked
 * for what came after the last event that has arrived.
 *
 * @throws ApiError when the runner no longer knows the deployment; that of `fetch` when it stays away
 */
export async function* eventsToEnd(
  first: Response,
  { resume, onLost, patienceMs = PATIENCE_MS }: Following,
): AsyncGenerator<EventSourceMessage> {
  let response = first;
  let lastId = "0";
  let patience = patienceMs;
  for (;;) {
    if (!response.ok) throw await errorOf(response);
    try {
      for await (const message of eventsIn(response)) {
        yield message;
        if (ENDS.has(message.event)) return;
        [lastId, patience] = [message.id ?? lastId, patienceMs];
      }
    } catch (error) {
      if (!isUnanswered(error)) throw error;
    }
    if (patience === patienceMs) onLost();
    const lostAt = performance.now();
    response = await untilAnswered(() => resume(lastId), patience);
    patience -= performance.now() - lostAt;
  }
}

/** Asks again and again until somebody answers, and no proxy in the runner's place. */
export async function untilAnswered(ask: () => Promise<Response>, patienceMs: number): Promise<Response> {
  const until = performance.now() + patienceMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const isLast = performance.now() + pause > until;
    try {
      const response = await ask();
      if (isLast || ![502, 503, 504].includes(response.status)) return response;
    } catch (error) {
      if (isLast || !isUnanswered(error)) throw error;
    }
  }
}
