import type { Clock } from "../../lib/clock.ts";
import { type ReconcileParts, reconcile } from "./reconcile.ts";
import type { Loaded } from "./load-agents.ts";

/** Pause before an engine is asked again that did not answer, milliseconds. */
const RETRY_MS = 2_000;

/** How long a command that was cut off may be in the engine's hands after its own end, milliseconds. */
export const AFTERMATH_MS = 10_000;

export type RecoveryOptions = {
  loaded: Loaded;
  /** Ends the commands that an earlier run left. Says how many there were. */
  clearOrphans: () => Promise<number>;
  /** Its first call. */
  cleared: Promise<number>;
  /** The first look is over, whatever it has found: operations may begin. */
  onFirst: () => void;
  signal: AbortSignal;
};

/**
 * Holds the registry against the engine when the runner starts: until that is done, since the engine may be away, and
 * once more where a command was cut off, which the engine may still have carried out. Never rejects.
 */
export async function recoverEngine(
  parts: ReconcileParts & { clock: Pick<Clock, "sleep"> },
  { loaded, clearOrphans, cleared, onFirst, signal }: RecoveryOptions,
): Promise<void> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const ended = await (isFirst ? cleared : clearOrphans());
    const isDone = await reconcile(parts, { ...loaded, isFirst });
    if (isFirst) onFirst();
    if (isDone && ended === 0) return;
    await parts.clock.sleep(isDone ? AFTERMATH_MS : RETRY_MS, signal).catch(() => undefined);
  }
}
