import { RunnerError } from "../../lib/errors.ts";
import { RULES } from "./build-failure-rules.ts";
import { uvSummary } from "./build-failure-words.ts";
import { MAX_SENTENCE, shortened } from "../../lib/text.ts";
import type { FailureClass, Rule } from "./build-failure-rules.ts";
import type { Step } from "./progress.ts";
import { SYSTEM_PACKAGE_RULES } from "./system-package-rules.ts";

/** Lines of the failed step's log in the answer. */
const LOG_LINES = 40;

/** Characters of a line that are looked at. */
const LOOKED_AT = 2_000;

/** How BuildKit tells which command failed, and the Dockerfile around it: the runner's own, which explains nothing. */
const FRAME =
  /^\s*(?:(?:ERROR: failed to (?:build|solve): )?process "\/bin\/sh|ERROR: failed to (?:build|solve): process |Dockerfile\S*:\d+$|-{6,}$|> \[|\d+ \| )/;

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
  const words = evidence
    .split("\n")
    .filter((line) => !FRAME.test(line))
    .join("\n");

  for (const rule of [...SYSTEM_PACKAGE_RULES, ...RULES]) {
    const match = rule.pattern.exec(withoutStepNames(rule, failed, evidence));
    if (match === null || rule.also?.test(evidence) === false) continue;
    const sentence = shortened(rule.sentence(words, match).trim(), MAX_SENTENCE);
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
  const reason = uvSummary(words) || lastLine(log) || failed?.error;
  return failure({
    kind: "other",
    sentence: shortened(
      `The image could not be built: ${reason ?? "the build gave no reason"}`,
      MAX_SENTENCE,
    ),
    hint: "The log shows what the failed step printed.",
    log,
    step: failed?.name ?? "",
  });
}

function lastLine(log: string[]): string | undefined {
  return log.findLast((line) => line.trim() !== "" && !FRAME.test(line))?.trim();
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
