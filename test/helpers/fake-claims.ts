import type { Claim, Engine } from "../../src/docker/types.ts";

/** Claims in memory. */
export function createFakeClaims(): Pick<Engine, "claims" | "claim" | "beat" | "releaseClaim"> {
  const claims: (Claim & { beat: number })[] = [];
  let beats = 0;
  const indexOf = ({ runnerId, generation }: Pick<Claim, "runnerId" | "generation">) =>
    claims.findIndex((claim) => claim.runnerId === runnerId && claim.generation === generation);
  return {
    claims: async () =>
      claims.map((claim) => ({ ...claim, name: `oken-runner-${claim.runnerId}-${claim.generation}` })),
    async claim(claim) {
      if (indexOf(claim) === -1) claims.push({ ...claim, beat: (beats += 1) });
    },
    async beat(claim) {
      const found = claims[indexOf(claim)];
      if (found === undefined) return false;
      found.beat = beats += 1;
      return true;
    },
    async releaseClaim(claim) {
      const index = indexOf(claim);
      if (index !== -1) claims.splice(index, 1);
    },
  };
}
