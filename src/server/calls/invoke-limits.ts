import type { Instance } from "../../agents/agent.ts";
import { INSTANCE_HEADER } from "../../lib/agent-container.ts";
import type { ServerSettings } from "../context.ts";

/** The runtime inside ends an invoke at its deadline with a better message; ours is the second line, milliseconds. */
const DEADLINE_GRACE_MS = 1_000;

/**
 * Tells the runtime inside whom the request is for, how long an invoke may take, and how long it may wait in there for
 * code to let go of a slot that the runner has given away already. Returns after how many milliseconds the runner gives
 * up by itself.
 */
export function setLimits(
  headers: Headers,
  { version, container }: Instance,
  { queueTimeout }: Pick<ServerSettings, "queueTimeout">,
): number {
  const { manifest, entrypoint } = version;
  const timeoutMs = Math.round(manifest.timeout * 1000);
  headers.set("x-oken-timeout-ms", String(timeoutMs));
  headers.set(INSTANCE_HEADER, container.name);
  // The agent's own server gets its requests straight away.
  if (entrypoint.type === "http") return timeoutMs + DEADLINE_GRACE_MS;
  const queueTimeoutMs = Math.round(queueTimeout * 1000);
  headers.set("x-oken-queue-timeout-ms", String(queueTimeoutMs));
  return queueTimeoutMs + timeoutMs + DEADLINE_GRACE_MS;
}
