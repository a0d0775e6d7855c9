import { isOutOfSequence } from "../errors.ts";

/** How often a change is tried. */
const MAX_TRIES = 5;

/**
 * Changes an object of the swarm, which writes into it too: a service, as its tasks come and go. Done anew when the swarm
 * was in between.
 */
export async function inSequence(change: () => Promise<unknown>): Promise<void> {
  for (let round = 1; ; round += 1) {
    try {
      await change();
      return;
    } catch (error) {
      if (!isOutOfSequence(error) || round === MAX_TRIES) throw error;
    }
  }
}
