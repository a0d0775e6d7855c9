import { messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Containment } from "../../model/containment.ts";
import type { AgentParts } from "../parts.ts";

/** Pause between two looks, milliseconds. Each starts four short processes. */
const LOOK_EVERY_MS = 30_000;

/**
 * Looks again and again whether agents are kept from the host, and has mended what is missing. While that cannot be
 * done no agent starts, and those that run go on. Ends when `signal` aborts.
 */
export async function watchContainment(
  { engine, clock, log }: Pick<AgentParts, "engine" | "clock" | "log">,
  signal: AbortSignal,
): Promise<void> {
  let before: Containment = { state: "unknown" };
  while (!signal.aborted) {
    try {
      const found = await engine.contain();
      tell(log, before, found);
      before = found;
    } catch (error) {
      log.debug(
        { reason: messageOf(error) },
        "the agents' network was not looked at: the engine does not answer",
      );
    }
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

function tell(log: Log, before: Containment, found: Containment): void {
  if (found.state === "contained" && found.mended)
    log.warn("rules of the firewall for the agents' network had gone; they are put in anew");
  if (JSON.stringify(before) === JSON.stringify(found)) return;
  if (found.state === "open")
    log.error({ reason: found.why }, "no agent starts: they would not be contained");
  if (found.state === "tolerated") log.warn({ reason: found.why }, "agents run without containment");
  if (found.state === "contained" && found.except !== undefined)
    log.error({ reason: found.except }, "no agent starts on some of the nodes");
  const wasFlawed = before.state === "open" || (before.state === "contained" && before.except !== undefined);
  if (found.state === "contained" && found.except === undefined && wasFlawed)
    log.info("agents are contained again");
}
