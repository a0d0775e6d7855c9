import type { VersionRecord } from "../model/agent.ts";
import type { ServerSettings } from "./context.ts";

/** How much later than the runtime inside we give up, milliseconds. Its message says more than ours. */
const DEADLINE_GRACE_MS = 1_000;

/**
 * Tells the runtime inside how long an invoke may take, and how long it may wait there for a free thread. Returns the
 * milliseconds after which the runner gives up.
 */
export function setLimits(
  headers: Headers,
  { manifest, entrypoint }: VersionRecord,
  { queueTimeout }: Pick<ServerSettings, "queueTimeout">,
): number {
  const timeoutMs = Math.round(manifest.timeout * 1000);
  headers.set("x-oken-timeout-ms", String(timeoutMs));
  // The agent's own server has no queue of ours.
  if (entrypoint.type === "http") return timeoutMs + DEADLINE_GRACE_MS;
  const queueTimeoutMs = Math.round(queueTimeout * 1000);
  headers.set("x-oken-queue-timeout-ms", String(queueTimeoutMs));
  return queueTimeoutMs + timeoutMs + DEADLINE_GRACE_MS;
}
