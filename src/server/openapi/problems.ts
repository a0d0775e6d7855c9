import { AGENT_PROBLEMS } from "./problems/agents.ts";
import { BUILD_PROBLEMS } from "./problems/builds.ts";
import { INVOKE_PROBLEMS } from "./problems/invokes.ts";
import type { Problem } from "./problems/problem.ts";
import { RUNNER_PROBLEMS } from "./problems/runner.ts";
import { UPLOAD_PROBLEMS } from "./problems/uploads.ts";

/**
 * Every way in which a route fails, by a name of its own since some codes have several statuses. A test has the code
 * fail in each of them, and holds the example against what it says.
 */
export const PROBLEMS = {
  ...AGENT_PROBLEMS,
  ...UPLOAD_PROBLEMS,
  ...BUILD_PROBLEMS,
  ...INVOKE_PROBLEMS,
  ...RUNNER_PROBLEMS,
} satisfies Record<string, Problem>;

export type ProblemName = keyof typeof PROBLEMS;
