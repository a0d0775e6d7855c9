import { RunnerError } from "../lib/errors.ts";
import { RULES, uvSummary } from "./build-failure-rules.ts";
import type { FailureClass, Rule } from "./build-failure-rules.ts";
import type { Step } from "./progress.ts";

/** Lines of the failed step's log in the answer. */
const LOG_LINES = 40;

/** Characters of a line that are looked at. */
const LOOKED_AT = 2_000;

/** Longest sentence in the answer, characters. */
const MAX_SENTENCE = 1500;

/** The error for the caller of a deploy, made from the records and the text of the failed build. */
export function buildFailure(output: { steps: Step[]; text: string[] }): RunnerError {
  // BuildKit stops the other branches when one fails; their steps say `context canceled`.
  const failed =
    output.steps.find(({ error }) => error !== undefined && !error.includes("context canceled")) ??
    output.steps.find(({ error }) => error !== undefined);
  const log = failed === undefined || failed.tail.length === 0 ? output.text : failed.tail;
  const evidence = [
    failed?.name ?? "",
    ...cutLines(failed?.tail ?? []),
    failed?.error ?? "",
    ...cutLines(output.text),
  ].join("\n");

  for (const rule of RULES) {
    const match = rule.pattern.exec(withoutStepNames(rule, failed, evidence));
    if (match === null) continue;
    const sentence = rule.sentence(evidence, match).trim().slice(0, MAX_SENTENCE);
    const name =
      rule.kind === "needs_build" ? match.slice(1).find((group) => group !== undefined) : undefined;
    return failure({
      kind: rule.kind,
      sentence,
      hint: rule.hint,
      log,
      step: failed?.name ?? "",
      package: name,
    });
  }
  const words =
    uvSummary(cutLines(log).join("\n")) || failed?.error || log.findLast((line) => line.trim() !== "");
  return failure({
    kind: "other",
    sentence: `The image could not be built: ${words ?? "the build gave no reason"}`.slice(0, MAX_SENTENCE),
    hint: "The log shows what the failed step printed.",
    log,
    step: failed?.name ?? "",
  });
}

/** The sentences that are looked for are at the beginning of their lines. */
function cutLines(lines: string[]): string[] {
  return lines.map((line) => line.slice(0, LOOKED_AT));
}

function failure(options: {
  kind: FailureClass;
  sentence: string;
  hint: string;
  log: string[];
  step: string;
  package?: string | undefined;
}): RunnerError {
  const { kind, sentence, hint, log, step } = options;
  const name = options.package === undefined ? {} : { package: options.package.split(/[=<>!~ ]/)[0] ?? "" };
  return new RunnerError(kind === "disk" ? "DISK_FULL" : "BUILD_FAILED", sentence, {
    details: { class: kind, hint, log: log.slice(-LOG_LINES).join("\n"), step, ...name },
  });
}

/** The name of a step holds the text of its command, which only the rule for base images may match. */
function withoutStepNames(rule: Rule, failed: Step | undefined, evidence: string): string {
  if (rule.kind === "base_image" || failed === undefined) return evidence;
  return evidence.slice(failed.name.length);
}
