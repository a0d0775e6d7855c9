import type { Log } from "../lib/log.ts";
import { StartError } from "../lib/start-error.ts";
import { findingOf, sentenceOf } from "./check.ts";
import type { Checks } from "./checks.ts";

/** Rejects with StartError if a requirement is not met. What could not be looked at is in the log, and in `/health` later. */
export async function requireUsable({ requirements, forDeploys }: Checks, log: Log): Promise<void> {
  const findings = await Promise.all([...requirements, ...forDeploys].map(findingOf));
  const failed = findings.find(({ state }) => state === "failed");
  if (failed !== undefined) throw new StartError(sentenceOf(failed));
  for (const finding of findings)
    if (finding.advice !== undefined) log.warn({ check: finding.name }, sentenceOf(finding));
}
