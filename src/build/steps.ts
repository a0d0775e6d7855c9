import type { BuildEvent } from "../docker/types.ts";
import { RunnerError } from "../lib/errors.ts";
import { MAX_SENTENCE, shortened } from "../lib/text.ts";

/** What each step of the Dockerfile does, in words for people; the first pattern that matches counts. */
const LABELS: [pattern: RegExp, label: string][] = [
  [/^\[uvbin[^\]]*\] FROM (\S+)/, "get $1"],
  [/^\[[^\]]+\] FROM (\S+)/, "get $1"],
  [/^\[base[^\]]*\] WORKDIR/, "prepare the Python base"],
  [/^\[base[^\]]*\]/, "compile the standard library"],
  [/^\[system[^\]]*\]/, "install the Debian packages"],
  [/^\[builder[^\]]*\] RUN .*system\/install\.py/, "install the Debian packages"],
  [/^\[runtime[^\]]*\]/, "add the runtime"],
  [/^\[resolve[^\]]*\]/, "resolve the dependencies"],
  [/^\[lock[^\]]*\]/, "list the dependencies"],
  [/^\[built[^\]]*\]/, "install what was built from source"],
  [/^\[deps[^\]]*\] RUN .*compileall/, "compile the dependencies"],
  [/^\[deps[^\]]*\]/, "install the dependencies"],
  [/^\[final[^\]]*\] COPY .*--from=(?:deps|built)/, "add the dependencies"],
  [/^\[final[^\]]*\] COPY .*--from=oken-site/, "make the upload's projects known"],
  [/^\[final[^\]]*\]/, "add the code"],
  [/^exporting to image/, "write the image"],
  [/^pushing to (\S+)/, "push the image to $1"],
];

/** Stages whose outcome is read out of BuildKit. */
type CachedStage = "resolve" | "system";

/** Passes a build's events on in words for people. */
export type StepLog = {
  onEvent: (event: BuildEvent) => void;
  /** Whether BuildKit had done the command of this stage before. */
  isCached(stage: CachedStage): boolean;
};

export function createStepLog(onEvent: (event: BuildEvent) => void): StepLog {
  const cached = new Set<string>();
  return {
    onEvent(event) {
      const stage = cachedStage(event);
      if (stage !== undefined) cached.add(stage);
      const shown = shownEvent(event);
      if (shown !== undefined) onEvent(shown);
    },
    isCached: (stage) => cached.has(stage),
  };
}

/**
 * The error with its step in words for people, and with what to do in its sentence: callers see nothing else. One of time
 * names that of the whole build, `timeoutMs`: the command that met its end knows only what was left for it.
 */
export function withStepLabel(error: unknown, timeoutMs: number): unknown {
  if (!(error instanceof RunnerError) || typeof error.details?.["step"] !== "string") return error;
  const { code, details, status, headers, cause } = error;
  const step = stepLabel(error.details["step"]);
  const isLate = code === "BUILD_TIMEOUT";
  const said = isLate ? `The build did not finish within ${timeoutMs / 1000} s.` : error.message;
  const todo = isLate ? `It was at: ${step}.` : error.details["hint"];
  const message =
    typeof todo === "string" ? `${shortened(said, MAX_SENTENCE - todo.length - 1)} ${todo}` : said;
  return new RunnerError(code, message, { details: { ...details, step }, status, headers, cause });
}

/** A step in a few words. One that is not of our Dockerfile keeps BuildKit's name, cut to one line. */
function stepLabel(name: string): string {
  for (const [pattern, label] of LABELS) {
    const match = pattern.exec(name);
    if (match !== null) return label.replace("$1", (match[1] ?? "").replace(/@sha256:.*/, ""));
  }
  return (name.split("\n")[0] ?? name).slice(0, 120);
}

/** The event as it is shown; undefined for one that tells a reader nothing, such as a context being read. */
function shownEvent(event: BuildEvent): BuildEvent | undefined {
  if (event.type !== "step") return event;
  if (/^\[(context|internal)/.test(event.name) && event.status !== "failed") return undefined;
  return { ...event, name: stepLabel(event.name) };
}

function cachedStage(event: BuildEvent): string | undefined {
  if (event.type !== "step" || event.status !== "cached") return undefined;
  return /^\[(\S+) .* RUN /.exec(event.name)?.[1];
}
