import { type ErrorCode, RunnerError } from "../../lib/errors.ts";

type Kind = {
  /** In `details.reason`. */
  reason: string;
  code: ErrorCode;
  pattern: RegExp;
  sentence: (registry: string, text: string) => string;
};

/**
 * In which words the engine, the docker CLI and Bun's `fetch` say what is wrong with a registry. The order matters: a
 * registry without room answers 500 as well, and one that is away may be said to have no certificate.
 */
const KINDS: Kind[] = [
  {
    reason: "registry_full",
    code: "DISK_FULL",
    pattern: /no space left|insufficient storage|\b507\b|quota (?:has been )?exceeded/i,
    sentence: (registry) =>
      `The registry ${registry} has no room left: remove images from it and collect its garbage, or give it a larger disk.`,
  },
  {
    reason: "registry_insecure",
    code: "CONTAINER_ERROR",
    pattern: /server gave HTTP response to HTTPS client|\bEPROTO\b/i,
    sentence: (registry) =>
      `The registry ${registry} speaks plain HTTP, and the engine expects HTTPS: give the registry a certificate, or name it in "insecure-registries" of every node's daemon.json.`,
  },
  {
    reason: "registry_certificate",
    code: "CONTAINER_ERROR",
    pattern: /x509:|failed to verify certificate|self.signed certificate|UNABLE_TO_VERIFY|\w*_CERT\w*\b/i,
    sentence: (registry) =>
      `The certificate of the registry ${registry} is not trusted: put that of its authority into /etc/docker/certs.d/${registry}/ca.crt on every node.`,
  },
  {
    reason: "registry_denied",
    code: "CONTAINER_ERROR",
    pattern:
      /\bdenied\b|unauthorized|authentication required|no basic auth credentials|insufficient_scope|\b40[13]\b/i,
    sentence: (registry) =>
      `The registry ${registry} refuses the runner: log in with "docker login ${registry}", as the user that the runner runs as and with an account that may push.`,
  },
  {
    reason: "registry_busy",
    code: "ENGINE_UNAVAILABLE",
    pattern: /too ?many ?requests|\b429\b/i,
    sentence: (registry) =>
      `The registry ${registry} is asked more often than it allows. Agents that run keep running; try again in some minutes.`,
  },
  {
    reason: "registry_away",
    code: "ENGINE_UNAVAILABLE",
    pattern:
      /connection refused|no such host|i\/o timeout|network is unreachable|no route to host|deadline exceeded|handshake timeout|connection reset|broken pipe|\bEOF\b|ECONNREFUSED|ECONNRESET|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|timed? ?out|server misbehaving|request canceled|\b50[234]\b/i,
    sentence: (registry) =>
      `The registry ${registry} does not answer. Agents that run keep running; try again when it is back.`,
  },
  {
    reason: "registry_failed",
    code: "ENGINE_UNAVAILABLE",
    pattern: /\b5\d\d\b|unknown: unknown error/i,
    sentence: (registry, text) =>
      `The registry ${registry} fails: ${text} Its log says why; mostly its disk is full.`,
  },
];

/** Characters of a registry's words that a message shows. */
const MAX_SHOWN = 300;

/** The error for what a registry, or who speaks to it, has said. */
export function registryFailure(registry: string, text: string): RunnerError {
  const shown = lastLine(text).slice(0, MAX_SHOWN).replace(/\.?$/, ".");
  const known = KINDS.find(({ pattern }) => pattern.test(text));
  const { reason = "registry", code = "CONTAINER_ERROR" } = known ?? {};
  const message = known?.sentence(registry, shown) ?? `The registry ${registry} cannot be used: ${shown}`;
  return new RunnerError(code, message, { details: { reason, log: text.trim().slice(-MAX_LOG) } });
}

/** Characters of the whole that go with the error. */
const MAX_LOG = 2_000;

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
