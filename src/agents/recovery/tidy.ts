import type { Clock } from "../../lib/clock.ts";
import type { Loaded } from "./load-agents.ts";
import { AFTERMATH_MS } from "./recover-engine.ts";
import { type ReconcileParts, reconcile } from "./reconcile.ts";

/** Pause before another look where builds or stops were under way, milliseconds. Each lists all containers. */
const AGAIN_MS = 30_000;

export type TidyOptions = Loaded & { signal: AbortSignal };

/**
 * Has removed what an engine that was away, or hung, has left: it may carry out a start that was given up, and an old
 * version that could not be stopped runs on. The next start would find that, which may be months later. What it gives
 * is to be called when the engine is back; it never throws.
 */
export function createTidy(
  parts: ReconcileParts & { clock: Pick<Clock, "sleep"> },
  { signal, ...loaded }: TidyOptions,
): () => Promise<void> {
  const { registry, clock } = parts;
  let tidying: Promise<void> | undefined;
  /** Nobody's container is on its way out, which would be cut short. */
  const isCalm = () => registry.all().every(({ retirements }) => retirements.versions().length === 0);

  const tidy = async () => {
    await clock.sleep(AFTERMATH_MS, signal);
    while (!(isCalm() && (await reconcile(parts, { ...loaded, isFirst: false }))))
      await clock.sleep(AGAIN_MS, signal);
  };
  return () => (tidying ??= tidy().then(settled, settled));

  function settled(): void {
    tidying = undefined;
  }
}
