import { RunnerError } from "../lib/errors.ts";
import { RULES, uvSummary } from "./build-failure-rules.ts";
import type { FailureClass, Rule } from "./build-failure-rules.ts";
import type { Step } from "./progress.ts";

/** Lines of the failing step's log that are answered. */
const LOG_LINES = 40;

/** Longest sentence answered, characters. */
const MAX_SENTENCE = 1500;

/** What the failed build's own records and words come to, as an error for the one who deployed. */
export function buildFailure(output: { steps: Step[]; text: string[] }): RunnerError {
  // A step of a parallel branch that was stopped because this one failed says `context canceled`.
  const failed =
    output.steps.find(({ error }) => error !== undefined && !error.includes("context canceled")) ??
    output.steps.find(({ error }) => error !== undefined);
  const log = failed === undefined || failed.tail.length === 0 ? output.text : failed.tail;
  const evidence = [failed?.name ?? "", ...(failed?.tail ?? []), failed?.error ?? "", ...output.text].join(
    "\n",
  );

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
  const words = uvSummary(log.join("\n")) || failed?.error || log.findLast((line) => line.trim() !== "");
  return failure({
    kind: "other",
    sentence: `The image could not be built: ${words ?? "the build gave no reason"}`.slice(0, MAX_SENTENCE),
    hint: "The log below has what the failing step printed.",
    log,
    step: failed?.name ?? "",
  });
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
  const name = options.package === undefined ? {} : { package: options.package.replace(/[=<>!~ ].*$/, "") };
  return new RunnerError(kind === "disk" ? "DISK_FULL" : "BUILD_FAILED", sentence, {
    details: { class: kind, hint, log: log.slice(-LOG_LINES).join("\n"), step, ...name },
  });
}

/** A step's name holds the command's text, in which only the base image is looked for. */
function withoutStepNames(rule: Rule, failed: Step | undefined, evidence: string): string {
  if (rule.kind === "base_image" || failed === undefined) return evidence;
  return evidence.slice(failed.name.length);
}
