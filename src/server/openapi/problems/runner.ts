import type { Problem } from "./problem.ts";

/** Failures of the runner or its engine. */
export const RUNNER_PROBLEMS = {
  engineUnavailable: {
    code: "ENGINE_UNAVAILABLE",
    status: 503,
    when: "the Docker engine does not answer",
    error: "The Docker engine does not answer. Agents that run keep running; try again when it is back.",
    headers: ["Retry-After"],
  },
  containerError: {
    code: "CONTAINER_ERROR",
    status: 500,
    when: "Docker refused something that should work",
    error: "docker run failed: failed to create task for container",
  },
  diskFull: {
    code: "DISK_FULL",
    status: 507,
    when: "no room on the disk of the runner or of the engine, or in the agent's volumes",
    error: "the runner's disk is full; remove agents or images, or give it more room",
  },
  nodeNotFound: {
    code: "NOT_FOUND",
    status: 404,
    when: "no such node",
    error: 'There is no node "n7"; there are: n1, n2, n3.',
  },
  nodesFull: {
    code: "OVERLOADED",
    status: 503,
    when: "no other node takes the agents of the node, or some of them",
    error: "No other node takes the agents of n2: activate one, or have one join, and drain it again.",
    headers: ["Retry-After"],
  },
  bodyNotPrune: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "the body is neither empty nor a JSON object with `dry_run` and `budget_bytes`",
    error: 'The body is {"dry_run":1}, but must be {"dry_run": true or false, "budget_bytes": n}, or empty.',
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
    error: "This runner needs a bearer token: send `Authorization: Bearer …`.",
    headers: ["WWW-Authenticate"],
  },
  scopeMissing: {
    code: "FORBIDDEN",
    status: 403,
    when: "the token is known, but is not for this: it lacks the scope",
    error: "The token monitor may not do this: it needs the scope deploy, and has read.",
    headers: ["WWW-Authenticate"],
  },
  addressNotAllowed: {
    code: "FORBIDDEN",
    status: 403,
    when: "the caller's address is not in `OKEN_ALLOW_FROM`",
    error: "Calls from 192.0.2.7 are not allowed here: see OKEN_ALLOW_FROM.",
  },
  hostNotAllowed: {
    code: "FORBIDDEN",
    status: 403,
    when: "the runner has no token, and `Host` is neither an IP address nor `localhost` nor in `OKEN_ALLOWED_HOSTS`",
    error:
      'Host is "runner.example", but without a token this runner answers to IP addresses, localhost and OKEN_ALLOWED_HOSTS only: a web page may give any name to this address. Add the name there, or set a token.',
  },
  otherSite: {
    code: "FORBIDDEN",
    status: 403,
    when: "the request comes from another site's page in a browser, and may change something",
    error:
      'A page of another site (Origin: "https://app.example") may not do this. OKEN_CORS_ORIGINS names the origins that may invoke.',
  },
  eventIdInvalid: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "`Last-Event-ID` or `after` is not the id of an event",
    error: 'Last-Event-ID is "many", but must be the id of an event.',
  },
  eventsBusy: {
    code: "OVERLOADED",
    status: 503,
    when: "200 callers follow the events already",
    error: "200 callers follow the events already.",
    headers: ["Retry-After"],
  },
  parameterUnknown: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "the query has a parameter that the route does not know",
    error: 'There is no parameter "tial" here: there are tail, follow, format.',
  },
  headMalformed: {
    code: "INVALID_REQUEST",
    status: 400,
    when: "the path, `Host` or `Content-Length` is not valid, or could be read in two ways",
    error: 'Host is "a, b", but must be the name or the address of a host.',
  },
  internal: {
    code: "INTERNAL",
    status: 500,
    when: "a bug; the runner's log has it under the request's id",
    error:
      "Something went wrong inside the runner. Its log has it under request 0198c0de-4a5b-7000-8000-0a1b2c3d4e5f.",
  },
} satisfies Record<string, Problem>;
