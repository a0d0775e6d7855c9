import type { Claim, Engine } from "../../src/docker/types.ts";

/** Claims in memory. */
export function createFakeClaims(): Pick<Engine, "claims" | "claim" | "releaseClaim"> {
  const claims: Claim[] = [];
  const indexOf = ({ runnerId, generation }: Pick<Claim, "runnerId" | "generation">) =>
    claims.findIndex((claim) => claim.runnerId === runnerId && claim.generation === generation);
  return {
    claims: async () =>
      claims.map((claim) => ({ ...claim, name: `oken-runner-${claim.runnerId}-${claim.generation}` })),
    async claim(claim) {
      if (indexOf(claim) === -1) claims.push(claim);
    },
    async releaseClaim(claim) {
      const index = indexOf(claim);
      if (index !== -1) claims.splice(index, 1);
    },
  };
}
