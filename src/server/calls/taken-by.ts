import type { CallServer } from "./invoke-caller.ts";

type Marked = Request & { [MARK]?: CallServer };

/** On the request itself, as in `open-answer`. */
const MARK = Symbol("taken by");

/**
 * The server that took a request: it alone knows its caller, and makes a WebSocket of it. There may be several, after a
 * new certificate and while another runner takes over, and Elysia knows only one.
 */
export function takenBy(request: Request): CallServer | null {
  const marked: Marked = request;
  return marked[MARK] ?? null;
}

export function markTaken(request: Request, server: CallServer): void {
  const marked: Marked = request;
  marked[MARK] = server;
}
