import { createHash, timingSafeEqual } from "node:crypto";

import { RunnerError } from "../lib/errors.ts";

/** Open without a token: they tell nothing of any agent. */
const OPEN_PATHS = /^\/(health|docs(\/.*)?|openapi\.json)$/;

/**
 * Throws UNAUTHORIZED for a request that must carry the token and does not. Digests are compared, so that neither the
 * time taken nor the length tells anything of the token.
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
      "This runner wants a bearer token: send `Authorization: Bearer …`.",
      {
        headers: { "WWW-Authenticate": 'Bearer realm="oken-runner"' },
      },
    );
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
