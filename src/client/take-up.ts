import type { Client } from "./client.ts";
import { ApiError, UnreachableError } from "./errors.ts";

/** How long a runner may be gone in the middle of a deploy: a restart takes seconds, a host's some more. */
export const PATIENCE_MS = 60_000;

/** Between two attempts: soon at first, since most connections break for a moment only. */
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 3000;

type Patience = {
  /** When to give up, on the clock of `performance.now()`. */
  until: number;
  /** What to give up with. */
  lost: UnreachableError;
  signal: AbortSignal | undefined;
};

type TakeUp = Patience & {
  /** Id of the last event that has arrived. */
  lastId: string;
};

/**
 * Asks for the events of a deployment after the last one that has arrived, until the runner answers.
 *
 * @throws ApiError when the runner no longer knows the deployment; `lost` when it stays away
 */
export function takeUp(
  client: Client,
  deployment: string,
  { lastId, ...patience }: TakeUp,
): Promise<Response> {
  const { signal } = patience;
  const headers = { accept: "text/event-stream", "last-event-id": lastId };
  return untilAnswered(
    () => client.send(deployment, { headers, ...(signal !== undefined && { signal }) }),
    patience,
  );
}

/** Asks again and again until there is an answer. Throws what says no for good, and `lost` after the last attempt. */
export async function untilAnswered(
  ask: () => Promise<Response>,
  { until, lost, signal }: Patience,
): Promise<Response> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
    if (performance.now() + pause > until || signal?.aborted === true) throw lost;
    await Bun.sleep(pause);
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
  }
}

/** Nobody answers, or a proxy whose runner does not. */
function mayPass(error: unknown): boolean {
  return (
    error instanceof UnreachableError || (error instanceof ApiError && [502, 503, 504].includes(error.status))
  );
}
