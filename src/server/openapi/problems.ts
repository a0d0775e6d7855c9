import type { ErrorCode } from "../../lib/errors.ts";

/** One way to fail, as the document shows it. */
export type Problem = {
  code: ErrorCode;
  /** `4XX`: any status of that hundred. */
  status: number | "4XX" | "5XX";
  when: string;
  /** The sentence of the example. */
  error: string;
  details?: Record<string, unknown>;
  headers?: ("Retry-After" | "WWW-Authenticate")[];
};

/** Every way in which a route fails, by a name of its own since some codes have several statuses. */
export const PROBLEMS = {
  agentNotFound: {
    code: "AGENT_NOT_FOUND",
    status: 404,
    when: "no such agent",
    error: 'There is no agent "echo".',
  },
  deploymentNotFound: {
    code: "NOT_FOUND",
    status: 404,
    when: "no such deployment; the last 20 of each agent are kept, until the runner ends",
    error: "Agent echo has no deployment 7; the last 20 since the runner started are kept.",
  },
  agentNotRunning: {
    code: "AGENT_NOT_RUNNING",
    status: 400,
    when: "the agent was stopped, or its last start failed",
    error: "Agent echo was stopped. Start it with POST /start/echo, or deploy it again.",
  },
  versionNotFound: {
    code: "NOT_FOUND",
    status: 404,
    when: "no such version, or none that is older; the last 5 are kept",
    error: "Agent echo has no version 7; there are: 1, 2, 3.",
  },
  bodyNotVersion: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "the body is neither empty nor a JSON object with a `version`",
    error: 'The body is {"version":0}, but must be {"version": n} with a whole number from 1, or empty.',
  },
  configError: {
    code: "CONFIG_ERROR",
    status: 400,
    when: "`agent_id`, `secrets`, `oken.toml` or the entrypoint is not valid",
    error:
      'oken.toml line 3: entrypoint_type = "web" is not allowed; it is one of "handler", "agent", "http"',
    details: { reason: "config_invalid", file: "oken.toml", key: "entrypoint_type", line: 3 },
  },
  buildFailed: {
    code: "BUILD_FAILED",
    status: 400,
    when: "the image could not be built; `details.log` has its last lines, `details.hint` what to do",
    error: "There is no package named requestz in the package index.",
    details: {
      class: "no_such_package",
      hint: "Check the spelling in the dependency file.",
      log: "  × No solution found when resolving dependencies:\n  ╰─▶ Because requestz was not found in the package registry …",
      step: "RUN uv pip install --requirement requirements.txt",
    },
  },
  formMalformed: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "the form is malformed, broken off, or lacks `tarball`",
    error: "the form has no tarball; send it as a file: -F tarball=@agent.tar.gz",
  },
  lengthRequired: {
    code: "INVALID_REQUEST",
    status: 411,
    when: "neither a length nor a chunked body",
    error: "the request needs a Content-Length, or a chunked body",
  },
  formTooLarge: {
    code: "INVALID_REQUEST",
    status: 413,
    when: "the form as a whole is too large",
    error: "the form has more than 53542912 bytes",
  },
  notAForm: {
    code: "INVALID_REQUEST",
    status: 415,
    when: "the body is not `multipart/form-data`",
    error: "the body must be multipart/form-data with the fields agent_id and tarball",
  },
  archiveNotGzip: {
    code: "ARCHIVE_NOT_GZIP",
    status: 415,
    when: "the tarball is not compressed with gzip",
    error: "the tarball is a zip file, not gzip; make it with: tar -czf agent.tar.gz -C <folder> .",
    details: { reason: "not_gzip" },
  },
  archiveCorrupt: {
    code: "ARCHIVE_CORRUPT",
    status: 400,
    when: "the tarball breaks its format or ends early",
    error: "the tarball is empty (0 bytes)",
    details: { reason: "truncated" },
  },
  archiveUnsafe: {
    code: "ARCHIVE_UNSAFE",
    status: 422,
    when: "an entry would leave its directory, or is neither file nor directory; `details` names it",
    error: "the archive holds a link with content",
    details: { reason: "link_forbidden", entry: "data/current" },
  },
  archiveTooLarge: {
    code: "ARCHIVE_TOO_LARGE",
    status: 413,
    when: "the tarball, or what it holds, is over a limit; `details` names it",
    error: "the tarball is larger than 50 MiB, the most that is taken",
    details: { reason: "too_large", limit: "compressed", max: 52_428_800 },
  },
  archiveEmpty: {
    code: "ARCHIVE_EMPTY",
    status: 422,
    when: "the tarball holds no file",
    error: "the tarball holds no files",
    details: { reason: "empty" },
  },
  agentStartFailed: {
    code: "AGENT_START_FAILED",
    status: 422,
    when:
      "built, but never became ready; `details.reason` is `exited`, `timeout`, `wrong_port`, " +
      "`bound_to_localhost`, `oom` or `import_error`",
    error: "Agent echo did not start: ModuleNotFoundError: No module named 'httpx' (main.py, line 1)",
    details: { reason: "import_error", log: "ModuleNotFoundError: No module named 'httpx'" },
  },
  agentBusy: {
    code: "AGENT_BUSY",
    status: 429,
    when: "the agent's queue is full, or no turn came in time",
    error: "Agent echo is busy: its queue of 100 is full. Try again in 3 s.",
    details: { retry_after: 3 },
    headers: ["Retry-After"],
  },
  deployConflict: {
    code: "DEPLOY_CONFLICT",
    status: 409,
    when: "cancelled, or superseded by what was asked of the same agent later: a deploy, a rollback, a start, a stop, a removal",
    error: "This deploy was superseded by a newer deploy of the same agent.",
  },
  buildTimeout: {
    code: "BUILD_TIMEOUT",
    status: 504,
    when: "the build took too long; `details.log` has its last lines",
    error: "The build did not finish within 600 s; it was at: RUN uv sync --locked.",
    details: { class: "timeout", step: "RUN uv sync --locked", log: "   Building flash-attn==2.8.3" },
  },
  bodyNotInput: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "the body is not a JSON object with the key `input`",
    error: 'the body must be a JSON object with the key "input"',
  },
  bodyTooLarge: {
    code: "INVALID_REQUEST",
    status: 413,
    when: "the body is too large",
    error: "The body has 20000000 bytes, the limit is 16777216.",
    details: { limit: 16_777_216 },
  },
  queryInvalid: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "`tail` or `follow` is not valid",
    error: 'tail is "many", but must be a whole number from 1 to 10000.',
  },
  agentRaised: {
    code: "INVOKE_FAILED",
    status: 500,
    when: "the agent's code raised; `details.traceback` says where",
    error: "KeyError: 'name' (main.py, line 2)",
    details: { type: "KeyError", at: "main.py, line 2" },
  },
  agentRefused: {
    code: "INVOKE_FAILED",
    status: "4XX",
    when: "an `http` agent answered with this status; the text of its answer is in `error`",
    error: 'Agent shop answered 403: {"detail":"no such customer"}',
    details: { status: 403 },
  },
  agentFailed: {
    code: "INVOKE_FAILED",
    status: "5XX",
    when: "an `http` agent answered with this status; the text of its answer is in `error`",
    error: "Agent shop answered 501: not written yet",
    details: { status: 501 },
  },
  agentUnreachable: {
    code: "INVOKE_FAILED",
    status: 502,
    when: "could not connect, the connection was lost, or the agent ran out of memory",
    error: "Agent echo closed the connection before it answered.",
  },
  agentTimedOut: {
    code: "INVOKE_FAILED",
    status: 504,
    when: "over the agent's `timeout`",
    error: "Agent echo did not answer within its timeout of 300 s.",
    details: { reason: "timeout", timeout: 300 },
  },
  noPaths: {
    code: "NOT_FOUND",
    status: 404,
    when: "the agent is no `http` agent",
    error: "Agent echo is a handler agent and has no paths of its own: POST /invoke/echo.",
  },
  handshakeMalformed: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "a WebSocket handshake of another version, without a key, or with a subprotocol that is none",
    error:
      "The WebSocket handshake needs `Sec-WebSocket-Version: 13` and a `Sec-WebSocket-Key` of 16 bytes in base64.",
  },
  engineUnavailable: {
    code: "ENGINE_UNAVAILABLE",
    status: 503,
    when: "the Docker engine does not answer",
    error: "The Docker engine does not answer. Agents that run keep running; try again when it is back.",
  },
  containerError: {
    code: "CONTAINER_ERROR",
    status: 500,
    when: "Docker refused something that should work",
    error: "docker run failed: failed to create task for container",
  },
  overloaded: {
    code: "OVERLOADED",
    status: 503,
    when: "too many uploads at a time",
    error: "the uploads in flight already hold their 1073741824 bytes; try again in a moment",
    details: { reason: "upload_budget", max: 1_073_741_824 },
    headers: ["Retry-After"],
  },
  buildQueueFull: {
    code: "OVERLOADED",
    status: 503,
    when: "too many builds wait for their turn",
    error: "64 builds wait for their turn already. Try again in 30 s.",
    details: { reason: "build_queue", waiting: 64 },
    headers: ["Retry-After"],
  },
  diskFull: {
    code: "DISK_FULL",
    status: 507,
    when: "no room on the disk of the runner or of the engine",
    error: "the runner's disk is full; remove agents or images, or give it more room",
  },
  shuttingDown: {
    code: "SHUTTING_DOWN",
    status: 503,
    when: "the runner is about to end",
    error: "The runner is shutting down.",
    headers: ["Retry-After"],
  },
  unauthorized: {
    code: "UNAUTHORIZED",
    status: 401,
    when: "the runner has a token, and the request does not carry it",
    error: "This runner wants a bearer token: send `Authorization: Bearer …`.",
    headers: ["WWW-Authenticate"],
  },
  internal: {
    code: "INTERNAL",
    status: 500,
    when: "a bug; the runner's log has it under the request's id",
    error:
      "Something went wrong inside the runner. Its log has it under request 0198c0de-4a5b-7000-8000-0a1b2c3d4e5f.",
  },
} satisfies Record<string, Problem>;
