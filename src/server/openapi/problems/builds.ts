import type { Problem } from "./problem.ts";

/** Failures of a build. */
export const BUILD_PROBLEMS = {
  buildFailed: {
    code: "BUILD_FAILED",
    status: 400,
    when: "the image could not be built; `details.log` has its last lines, `details.hint` what to do",
    error: "There is no package named requestz in the package index.",
    details: {
      class: "no_such_package",
      hint: "Check the spelling in the dependency file.",
      log: "  × No solution found when resolving dependencies:\n  ╰─▶ Because requestz was not found in the package registry and you require requestz, …",
      step: "RUN uv pip install --requirement requirements.txt",
    },
  },
  buildTimeout: {
    code: "BUILD_TIMEOUT",
    status: 504,
    when: "the build took too long; `details.log` has its last lines",
    error: "The build did not finish within 600 s.",
    details: { class: "timeout", step: "RUN uv sync --locked", log: "   Building flash-attn==2.8.3" },
  },
  buildQueueFull: {
    code: "OVERLOADED",
    status: 503,
    when: "too many builds wait for their turn",
    error: "64 builds wait for their turn already. Try again in 30 s.",
    details: { reason: "build_queue", waiting: 64 },
    headers: ["Retry-After"],
  },
} satisfies Record<string, Problem>;
