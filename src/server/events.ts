import { Elysia } from "elysia";

import type { Told } from "../agents/feed.ts";
import type { ServerContext } from "./context.ts";
import { eventsDocs } from "./openapi/events.ts";
import { type SseEvent, sseResponse } from "./sse.ts";
import { notAllowed } from "./requests/not-allowed.ts";
import { queryOf } from "./requests/target.ts";

/** `GET /events`: what happens in the runner, as it happens, from the event on that the reader has. */
export function eventsController({ agents, clock }: Pick<ServerContext, "agents" | "clock">) {
  return new Elysia({ name: "events" }).get(
    "/events",
    ({ request }) => {
      const after = lastEventId(request);
      const only = queryOf(request.url).get("agent_id");
      return sseResponse({ clock, request }, (signal) => asEvents(agents.feed.follow(after, signal), only));
    },
    { detail: eventsDocs },
  );
}

async function* asEvents(told: AsyncIterable<Told>, only: string | null): AsyncGenerator<SseEvent> {
  for await (const { id, event } of told) {
    const { type, ...data } = event;
    const isWanted = only === null || !("agent_id" in data) || data.agent_id === only;
    if (isWanted) yield { id, event: type, data: JSON.stringify(data) };
  }
}

/** Browsers send the header; others may use `?after=`. */
function lastEventId(request: Request): string | undefined {
  const text = request.headers.get("last-event-id") ?? queryOf(request.url).get("after");
  if (text === null || text === "") return undefined;
  if (/^[a-z0-9]{1,20}-\d{1,15}$/.test(text)) return text;
  throw notAllowed("Last-Event-ID", text, "the id of an event");
}
