import { createHash, timingSafeEqual } from "node:crypto";

import { RunnerError } from "../lib/errors.ts";

/** These need no token: they say nothing about any agent. */
const OPEN_PATHS = /^\/(health|docs(\/.*)?|openapi\.json)$/;

/**
 * Throws UNAUTHORIZED for a request that needs the token and does not have it. Digests are compared, since the time to
 * compare the texts would give away parts of the token.
 */
export function createAuth(token: string | undefined): (request: Request, path: string) => void {
  if (token === undefined) return () => undefined;
  const expected = digest(`Bearer ${token}`);
  return (request, path) => {
    if (OPEN_PATHS.test(path)) return;
    const given = request.headers.get("authorization") ?? "";
    if (timingSafeEqual(digest(given.replace(/^bearer +/i, "Bearer ")), expected)) return;
    throw new RunnerError(
      "UNAUTHORIZED",
      "This runner needs a bearer token: send `Authorization: Bearer …`.",
      {
        headers: { "WWW-Authenticate": 'Bearer realm="oken-runner"' },
      },
    );
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
