import { type Metrics, timed } from "../../metrics/metrics.ts";
import type { DeployResult } from "./types.ts";

/** Counts a deploy by what came of it, and the parts of one that went well. */
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
