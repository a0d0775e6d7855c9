import { AGENT_PROBLEMS } from "./problems/agents.ts";
import { BUILD_PROBLEMS } from "./problems/builds.ts";
import { INVOKE_PROBLEMS } from "./problems/invokes.ts";
import type { Problem } from "./problems/problem.ts";
import { RUNNER_PROBLEMS } from "./problems/runner.ts";
import { UPLOAD_PROBLEMS } from "./problems/uploads.ts";

/**
 * Every failure of a route. Each has a name, since some codes have several statuses. A test provokes every one and
 * compares the example with the answer.
 */
export const PROBLEMS = {
  ...AGENT_PROBLEMS,
  ...UPLOAD_PROBLEMS,
  ...BUILD_PROBLEMS,
  ...INVOKE_PROBLEMS,
  ...RUNNER_PROBLEMS,
} satisfies Record<string, Problem>;

export type ProblemName = keyof typeof PROBLEMS;
