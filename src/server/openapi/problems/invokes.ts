import type { Problem } from "./problem.ts";

/** Failures of an invoke. */
export const INVOKE_PROBLEMS = {
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
  bodyTooSlow: {
    code: "INVALID_REQUEST",
    status: 408,
    when: "the body does not come, or too slowly",
    error: "The body did not come in time.",
  },
  agentRaised: {
    code: "INVOKE_FAILED",
    status: 500,
    when: "the agent's code raised; `details.traceback` says where",
    error: "KeyError: 'name' (main.py, line 2): the input is empty",
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
    when: "could not connect, the connection was lost, or the agent ended: `details.reason` is `exited`, `oom`, `stopped`, `disconnected` or `node_lost`",
    error: "Agent echo closed the connection before it answered.",
  },
  agentTimedOut: {
    code: "INVOKE_FAILED",
    status: 504,
    when: "over the agent's `timeout`",
    error:
      "Agent echo did not answer within its timeout of 300 s: raise `timeout` in oken.toml if it needs more.",
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
} satisfies Record<string, Problem>;
