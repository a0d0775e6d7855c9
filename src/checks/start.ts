import type { Log } from "../lib/log.ts";
import { StartError } from "../lib/start-error.ts";
import { type Check, type Finding, findingOf, sentenceOf } from "./check.ts";
import type { Checks } from "./checks.ts";

/**
 * Rejects with StartError if a requirement is not met. What deploys alone need is in the log: a login that has run out, or a
 * certificate, must not end a runner that takes over agents which are called. So is what could not be looked at, and in
 * `/health` later.
 */
export async function requireUsable({ requirements, forDeploys }: Checks, log: Log): Promise<void> {
  const [required, wanted] = await Promise.all([findingsOf(requirements), findingsOf(forDeploys)]);
  const unmet = required.find(isFailed);
  if (unmet !== undefined) throw new StartError(sentenceOf(unmet));
  for (const finding of [...required, ...wanted]) {
    if (isFailed(finding)) log.error({ check: finding.name }, sentenceOf(finding));
    else if (finding.advice !== undefined) log.warn({ check: finding.name }, sentenceOf(finding));
  }
}

function findingsOf(checks: Check[]): Promise<Finding[]> {
  return Promise.all(checks.map(findingOf));
}

function isFailed({ state }: Finding): boolean {
  return state === "failed";
}
