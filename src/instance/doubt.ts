import { INSTANCE_HEADER } from "../lib/agent-container.ts";
import type { Doubt } from "./silence.ts";

/** The runtime is on this host and answers in a millisecond, whatever the agent does. */
const TIMEOUT_MS = 500;

/** The first runtimes do not know this path: they answer 404, and everything stays as it was. */
const PATH = "/unanswered";

/**
 * Tells the runtime with this origin, in the container of this name, that its program answers nothing. It replaces one
 * that it cannot watch by itself. Never rejects: the container may end at any moment.
 */
export async function tellDoubt(
  origin: string,
  { instance, doubt }: { instance: string; doubt: Doubt },
): Promise<void> {
  try {
    await fetch(origin + PATH, {
      method: "POST",
      proxy: "",
      redirect: "manual",
      headers: { [INSTANCE_HEADER]: instance, ...(doubt.mustAsk && { "x-oken-must-ask": "1" }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    // The next silence tells it again.
  }
}
