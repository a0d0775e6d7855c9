import type { Feed } from "../feed.ts";
import type { Health } from "../figures/host-report.ts";
import type { AgentParts } from "../parts.ts";

/** How often the host is looked at while somebody follows the events, milliseconds. A look starts two processes. */
const INTERVAL_MS = 10_000;

/** Tells those who follow the events what is wrong with the host when that changes, until `signal` aborts. */
export async function watchHost(
  { feed, clock }: Pick<AgentParts, "clock"> & { feed: Pick<Feed, "readers" | "tell"> },
  health: Health,
  signal: AbortSignal,
): Promise<void> {
  let known: string | undefined;
  while (!signal.aborted) {
    await clock.sleep(INTERVAL_MS, signal).catch(() => undefined);
    if (signal.aborted || feed.readers === 0) continue;
    const checks = await health();
    const now = JSON.stringify(checks);
    if (now === known) continue;
    known = now;
    feed.tell({ type: "host", status: Object.keys(checks).length === 0 ? "ok" : "degraded", checks });
  }
}
