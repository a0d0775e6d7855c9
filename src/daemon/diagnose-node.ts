import { type Finding, findingOf } from "../checks/check.ts";
import { nodeChecks } from "../checks/node.ts";
import { containmentSettings } from "../config/derived.ts";
import type { Config } from "../config/load.ts";
import { createDockerExec } from "../docker/exec.ts";
import { createFirewall, createRunCommand } from "../docker/firewall/backend.ts";
import { nodePlan } from "../docker/node/plan.ts";
import { readNodeReport } from "../docker/node/report.ts";

export type NodeDiagnosis = {
  environment: Record<string, string | undefined>;
  /** Put in what the firewall lacks. */
  mend: boolean;
  only: string[];
};

/** Checks this host as a node of a swarm that agents run on, and has its firewall contain them where that is wanted. */
export async function diagnoseNode(
  load: () => Config,
  { environment, mend, only }: NodeDiagnosis,
): Promise<Finding[]> {
  const { firewallImage, resolvers } = containmentSettings(load(), environment);
  const exec = createDockerExec({ environment });
  const firewall = createFirewall(exec, createRunCommand(exec, firewallImage));
  const checks = nodeChecks({
    report: () => readNodeReport(exec),
    async lacking() {
      const plan = await nodePlan(exec, { resolvers });
      if (mend) await firewall.hold([plan]);
      return firewall.lacks(plan);
    },
  });
  const chosen = checks.filter(({ name }) => only.length === 0 || only.includes(name));
  return Promise.all(chosen.map(findingOf));
}
