import { type Candidate, type Entry, TIERS } from "./entry.ts";
import type { Place } from "./place.ts";

/** How many bytes a disk must get back. */
export type Need = { holds: readonly Place[]; bytes: number };

export type Chosen = Entry & { candidate: Candidate };

/**
 * What is to go, in this order: cheap things before dear ones, and those that were used last come last. It stops when
 * every disk has what it needs; only leavings go in any case.
 */
export function decide(entries: readonly Entry[], needs: readonly Need[]): Chosen[] {
  const left = new Map<Place, { bytes: number }>();
  for (const { holds, bytes } of needs) {
    // Places of one disk share what it needs.
    const need = { bytes };
    for (const place of holds) left.set(place, need);
  }
  return entries
    .filter((entry): entry is Chosen => entry.candidate !== undefined && !entry.isInUse)
    .sort(byTierAndAge)
    .filter(({ place, candidate: { tier, frees } }) => {
      const need = left.get(place) ?? { bytes: 0 };
      const isWanted = tier === "leavings" || (need.bytes > 0 && (frees > 0 || isStoodOn(tier)));
      if (isWanted) need.bytes -= frees;
      return isWanted;
    });
}

/** A record of the cache that gives nothing keeps one that does. */
function isStoodOn(tier: Candidate["tier"]): boolean {
  return tier === "build_cache";
}

function byTierAndAge({ candidate: a }: Chosen, { candidate: b }: Chosen): number {
  return TIERS.indexOf(a.tier) - TIERS.indexOf(b.tier) || a.lastUsed - b.lastUsed;
}
