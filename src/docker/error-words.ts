import { RunnerError } from "../lib/errors.ts";

export const PAUSED = "paused";
export const NOT_PAUSED = "not_paused";
export const BEING_REMOVED = "being_removed";
export const NO_SUCH_OBJECT = "no_such_object";
export const ALREADY_EXISTS = "already_exists";
export const OUT_OF_SEQUENCE = "out_of_sequence";
export const NO_NODE = "no_node";

/**
 * Recognises docker's error sentences, which no other file does: they are no interface and change between versions. An
 * unknown one becomes a CONTAINER_ERROR with docker's words.
 */
const KNOWN: { pattern: RegExp; make: (failure: string) => RunnerError }[] = [
  {
    pattern:
      /permission denied while trying to connect to the docker|dial unix \S{1,300}: connect: permission denied/i,
    make: () =>
      new RunnerError(
        "ENGINE_UNAVAILABLE",
        "The runner may not talk to the Docker engine: permission denied on its socket. Run it as root or as a user in the group of the socket, mostly docker.",
      ),
  },
  {
    pattern:
      /cannot connect to the docker daemon|is the docker daemon running|error during connect|connection refused.{0,300}docker\.sock/i,
    make: away,
  },
  {
    pattern: /this node is not a swarm manager/i,
    make: () =>
      new RunnerError(
        "ENGINE_UNAVAILABLE",
        "The engine of this host manages no swarm: run docker swarm init on it, docker node promote where it is a worker, or leave OKEN_BACKEND unset.",
        { details: { reason: "no_swarm" } },
      ),
  },
  {
    pattern: /the swarm does not have a leader|lost leader status|no elected primary cluster manager/i,
    make: () =>
      new RunnerError(
        "ENGINE_UNAVAILABLE",
        "The swarm has no leader: most of its managers do not answer. Agents that run keep running; try again when they are back.",
        { details: { reason: "no_leader" } },
      ),
  },
  {
    // Of a manager that waits for a leader, as its answer to some commands.
    pattern: /^(error response from daemon: )?rpc error: code = deadlineexceeded/i,
    make: () =>
      new RunnerError(
        "ENGINE_UNAVAILABLE",
        "The swarm's managers did not answer in time: they may be choosing a leader. Agents that run keep running; try again in some seconds.",
        { details: { reason: "no_leader" } },
      ),
  },
  {
    pattern: /update out of sequence/i,
    make: (text) =>
      new RunnerError("CONTAINER_ERROR", firstLine(text), { details: { reason: OUT_OF_SEQUENCE } }),
  },
  {
    pattern: /no suitable node \(.{0,100}insufficient resources/i,
    make: (text) =>
      new RunnerError(
        "OVERLOADED",
        `No node of the swarm has as much memory left as this agent is to have: ${firstLine(text)}. Add a node, lower \`memory\` in oken.toml, or let other agents sleep.`,
        { headers: { "Retry-After": "5" }, details: { reason: NO_NODE } },
      ),
  },
  {
    pattern: /no suitable node/i,
    make: (text) =>
      new RunnerError("CONTAINER_ERROR", `The swarm has no node for this agent: ${firstLine(text)}.`, {
        details: { reason: NO_NODE },
      }),
  },
  // The CLI's words since Docker 29.
  { pattern: /failed to connect to the docker api/i, make: away },
  {
    // Of an engine that fails at everything, or of a proxy before its socket.
    pattern:
      /request returned (\d{3} )?(internal server error|bad gateway|service unavailable|gateway time-?out)|^error response from daemon: *$/i,
    make: (text) =>
      new RunnerError(
        "ENGINE_UNAVAILABLE",
        `The Docker engine answers with an error of its own${ownWords(text)}. Agents that run keep running; try again when it is well.`,
      ),
  },
  // Of an engine that ends while it is asked.
  {
    pattern:
      /^(docker: |error response from daemon: )?(unexpected )?eof\.?(\n|$)|\bunix @->\S{1,300}: \w+: (connection reset by peer|broken pipe)|the client connection is closing|transport is closing/i,
    make: away,
  },
  // Of BuildKit's client, when the engine ends during a build.
  {
    pattern:
      /failed to receive status: rpc error|rpc error: code = unavailable|error reading from server: EOF/i,
    make: away,
  },
  // Of an engine whose containerd has ended.
  { pattern: /containerd\.sock: connect: |\bttrpc: closed/i, make: away },
  {
    pattern: /unknown command: docker buildx|'buildx' is not a docker command/i,
    make: () =>
      new RunnerError("ENGINE_UNAVAILABLE", "The docker CLI has no buildx plugin: install docker-buildx."),
  },
  {
    pattern: /no space left on device/i,
    make: (text) => new RunnerError("DISK_FULL", `The engine's disk is full: ${firstLine(text)}`),
  },
  {
    pattern:
      /no such (container|image|network|volume|object|service|task or service)|(?:network|volume|service|node|task|secret|config) .{1,300} not found|bind source path does not exist|nothing found in stack/i,
    make: (text) =>
      new RunnerError("CONTAINER_ERROR", firstLine(text), { details: { reason: NO_SUCH_OBJECT } }),
  },
  {
    pattern: /marked for removal|removal of container .{1,300} already in progress/i,
    make: (text) =>
      new RunnerError("CONTAINER_ERROR", firstLine(text), { details: { reason: BEING_REMOVED } }),
  },
  {
    pattern: /cannot start a paused container|is already paused/i,
    make: (text) => new RunnerError("CONTAINER_ERROR", firstLine(text), { details: { reason: PAUSED } }),
  },
  {
    pattern: /container .{1,300} is not paused/i,
    make: (text) => new RunnerError("CONTAINER_ERROR", firstLine(text), { details: { reason: NOT_PAUSED } }),
  },
  {
    pattern: /is already in use by container|already exists|name conflicts with an existing object/i,
    make: (text) =>
      new RunnerError("CONTAINER_ERROR", firstLine(text), { details: { reason: ALREADY_EXISTS } }),
  },
];

/** The error that docker's words tell; undefined for words that are not known. */
export function knownError(text: string): RunnerError | undefined {
  return KNOWN.find(({ pattern }) => pattern.test(text))?.make(text);
}

function ownWords(text: string): string {
  const words = /request returned ([\w -]{1,60}?) for API route/i.exec(text)?.[1];
  return words === undefined ? "" : ` (${words})`;
}

function away(): RunnerError {
  return new RunnerError(
    "ENGINE_UNAVAILABLE",
    "The Docker engine does not answer. Agents that run keep running; try again when it is back.",
  );
}

export function firstLine(text: string): string {
  const line = text.split("\n").find((candidate) => candidate.trim() !== "") ?? text;
  return line
    .replace(/^((Error response from daemon|ERROR|docker): *)+/i, "")
    .trim()
    .slice(0, 500);
}
