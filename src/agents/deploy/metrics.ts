import { type Metrics, timed } from "../../metrics/metrics.ts";
import type { DeployResult } from "./types.ts";

/** Measures a deploy by its result, and the phases of one that succeeds. */
export async function countedDeploy(
  { deploys, deployPhases }: Metrics,
  deploy: () => Promise<DeployResult>,
): Promise<DeployResult> {
  let isUnchanged = false;
  return timed(
    async () => {
      const result = await deploy();
      isUnchanged = result.unchanged;
      const { total: _, ...phases } = result.timings_ms;
      for (const [phase, ms] of Object.entries(phases)) deployPhases.observe({ phase }, ms / 1000);
      return result;
    },
    (result, seconds) => deploys.observe({ result: isUnchanged ? "unchanged" : result }, seconds),
  );
}
