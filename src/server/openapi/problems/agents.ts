import type { Problem } from "./problem.ts";

/** Failures of commands on an agent. */
export const AGENT_PROBLEMS = {
  agentNotFound: {
    code: "AGENT_NOT_FOUND",
    status: 404,
    when: "no such agent",
    error: 'There is no agent "echo".',
  },
  deploymentNotFound: {
    code: "NOT_FOUND",
    status: 404,
    when: "no such deployment; the last 20 of each agent are kept",
    error: "Agent echo has no deployment 7; the last 20 are kept.",
  },
  agentNotRunning: {
    code: "AGENT_NOT_RUNNING",
    status: 400,
    when: "the agent was stopped",
    error: "Agent echo was stopped. Start it with POST /start/echo, or deploy it again.",
  },
  agentHeldBack: {
    code: "AGENT_NOT_RUNNING",
    status: 400,
    when: "the agent does not stay up: its last start failed, or it died; until the next start is tried",
    error:
      "Agent echo is not running. Agent echo did not start: it exited with code 3. " +
      "Its next start is tried in 1 s; a deploy or POST /start/echo tries it at once.",
    details: {
      retry_after: 1,
      next_start_at: "2026-01-01T00:00:01.000Z",
      last_error: {
        at: "2026-01-01T00:00:00.000Z",
        code: "AGENT_START_FAILED",
        message: "Agent echo did not start: it exited with code 3",
        exit_code: 3,
      },
    },
    headers: ["Retry-After"],
  },
  versionNotFound: {
    code: "NOT_FOUND",
    status: 404,
    when: "no such version, or none that is older; the last OKEN_KEEP_VERSIONS (5) are kept",
    error: "Agent echo has no version 7; there are: 1, 2, 3.",
  },
  bodyNotVersion: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "the body is neither empty nor a JSON object with a `version`",
    error: 'The body is {"version":0}, but must be {"version": n} with a whole number from 1, or empty.',
  },
  queryInvalid: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "`tail` or `follow` is not valid",
    error: 'tail is "many", but must be a whole number from 1 to 10000.',
  },
  listQueryInvalid: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "`state`, `label`, `limit` or `cursor` is not valid",
    error: 'limit is "many", but must be a whole number from 1 to 1000.',
  },
  historyInvalid: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "`history` is not valid",
    error: 'history is "maybe", but must be true or false.',
  },
  agentStartFailed: {
    code: "AGENT_START_FAILED",
    status: 422,
    when:
      "built, but never became ready; `details.reason` is `exited`, `timeout`, `wrong_port`, " +
      "`bound_to_localhost`, `oom` or `import_error`",
    error: "Agent echo did not start: ModuleNotFoundError: No module named 'httpx' (main.py, line 1)",
    details: { reason: "import_error", log: "ModuleNotFoundError: No module named 'httpx'\n" },
  },
  agentBusy: {
    code: "AGENT_BUSY",
    status: 429,
    when: "the agent's queue is full, or no turn came in time",
    error: "Agent echo is busy: its queue of 100 is full. Try again in 3 s.",
    details: { retry_after: 3 },
    headers: ["Retry-After"],
  },
  logBusy: {
    code: "AGENT_BUSY",
    status: 429,
    when: "200 others follow this agent's log",
    error: "The agent's log has 200 followers, the most at a time.",
    headers: ["Retry-After"],
  },
  deployConflict: {
    code: "DEPLOY_CONFLICT",
    status: 409,
    when: "cancelled, or superseded by what was asked of the same agent later: a deploy, a rollback, a start, a stop, a removal",
    error: "This deploy was superseded by a newer deploy of the same agent.",
  },
} satisfies Record<string, Problem>;
