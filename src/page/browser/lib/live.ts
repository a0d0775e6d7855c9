import { signal } from "@preact/signals";

import type { LiveEvent } from "../types.ts";
import { send } from "./api.ts";
import { eventsIn } from "./event-stream.ts";
import { parseAs } from "./json.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Whether what the page shows is told as it happens. */
export const connection = signal<"connecting" | "live" | "lost">("connecting");

/** Follows `GET /events` for as long as the page is open, and goes on where it was after a connection that broke. */
export async function followEvents(onEvent: (event: LiveEvent) => void): Promise<never> {
  let lastId: string | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      const headers: HeadersInit = lastId === undefined ? {} : { "last-event-id": lastId };
      const response = await send("events", { headers });
      if (!response.ok) throw new Error(String(response.status));
      connection.value = "live";
      pauseMs = FIRST_PAUSE_MS;
      for await (const { id, event, data } of eventsIn(response)) {
        lastId = id ?? lastId;
        onEvent(parseAs<LiveEvent>(JSON.stringify({ type: event, ...parseAs<object>(data) })));
      }
    } catch {
      // A refusal and a broken connection are tried again alike.
    }
    connection.value = "lost";
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
