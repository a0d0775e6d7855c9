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

/** The runtime in the instance is being stopped, and refused the request before the agent's code had it. */
export class ShuttingDownError extends Error {
  override readonly name = "ShuttingDownError";

  constructor() {
    super("it is shutting down");
  }
}

/** The exchange was ended while its connection was being made, for the reason that is the cause. */
export class UnsentError extends Error {
  override readonly name = "UnsentError";

  constructor(cause: unknown) {
    super("the exchange ended before it had a connection", { cause });
  }
}

const UNREACHED = [MisdirectedError, ShuttingDownError, UnsentError];

/** Whether the request surely never reached the agent, so that it can be sent once more. */
export function isUnreached(error: unknown): boolean {
  if (UNREACHED.some((kind) => error instanceof kind)) return true;
  return error instanceof Error && "code" in error && NOT_CONNECTED.has(String(error.code));
}
