/** What Bun's `fetch`, Node's sockets and undici say when no connection was made. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  "ConnectionRefused",
  "ConnectionTimeout",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "FailedToOpenSocket",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** The runtime at an instance's address belongs to another one, and refused the request with 421. */
export class MisdirectedError extends Error {
  override readonly name = "MisdirectedError";

  constructor() {
    super("another instance has its address");
  }
}

/** Whether the request surely never reached the agent, so that it can be sent once more. */
export function isUnreached(error: unknown): boolean {
  if (error instanceof MisdirectedError) return true;
  return error instanceof Error && "code" in error && NOT_CONNECTED.has(String(error.code));
}
