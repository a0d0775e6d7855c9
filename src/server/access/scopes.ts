/** What a token may be for. */
export const SCOPES = ["read", "invoke", "deploy"] as const;

export type Scope = (typeof SCOPES)[number];

/** These need no token: they say nothing about any agent. */
const OPEN_PATHS = /^\/(|page\/.*|health|docs(\/.*)?|openapi\.json)$/;

const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** What a request needs, also for a path that leads nowhere. Undefined if it needs no token. */
export function scopeOf(method: string, path: string): Scope | undefined {
  if (path.startsWith("/invoke/")) return "invoke";
  if (OPEN_PATHS.test(path)) return undefined;
  return READING.has(method) ? "read" : "deploy";
}
