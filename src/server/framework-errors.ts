import { NotFoundError, ParseError, ValidationError } from "elysia";

import { RunnerError } from "../lib/errors.ts";
import { pathOf } from "./requests/target.ts";

/** Turns an error of Elysia's into one of ours. Any other error is returned as it is. */
export function fromFramework(
  error: unknown,
  request: Request,
  routes: { method: string; path: string }[],
): unknown {
  if (error instanceof NotFoundError) return noRoute(request, routes);
  if (error instanceof ParseError) return new RunnerError("INVALID_REQUEST", "The body is not valid JSON.");
  // The answer did not match its schema: a bug of ours, not of the caller's.
  if (error instanceof ValidationError && error.type === "response") return new Error(error.message);
  if (error instanceof ValidationError)
    return new RunnerError(
      "INVALID_REQUEST",
      `The request is not valid: ${error.all.map(describe).join("; ")}.`,
    );
  return error;
}

/** The answer to `OPTIONS` of a path that has other methods. */
export function optionsAnswer(
  error: unknown,
  request: Request,
  routes: { method: string; path: string }[],
): Response | undefined {
  if (request.method !== "OPTIONS" || !(error instanceof NotFoundError)) return undefined;
  const allowed = allowedAt(pathOf(request.url), routes);
  if (allowed.length === 0) return undefined;
  return new Response(null, { status: 204, headers: { Allow: allowed.join(", ") } });
}

/** The methods of a path; none where there is nothing. */
function allowedAt(path: string, routes: { method: string; path: string }[]): string[] {
  const own = routes.filter((route) => matches(route.path, path)).map(({ method }) => method);
  const head = own.includes("GET") ? ["HEAD"] : [];
  return own.length === 0 ? [] : [...new Set([...own, ...head, "OPTIONS"])];
}

function noRoute(request: Request, routes: { method: string; path: string }[]): RunnerError {
  const path = pathOf(request.url);
  const allowed = allowedAt(path, routes);
  if (allowed.length === 0)
    return new RunnerError("NOT_FOUND", `There is nothing at ${path.slice(0, 200)}. See GET /docs.`);
  return new RunnerError(
    "INVALID_REQUEST",
    `${request.method} is not allowed at ${path.slice(0, 200)}; allowed: ${allowed.join(", ")}.`,
    {
      status: 405,
      headers: { Allow: allowed.join(", ") },
    },
  );
}

/** Whether `/agents/:id` matches `/agents/echo`. Wildcards do not matter: they take every method. */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part.startsWith(":") || part === given[index])
  );
}

function describe(issue: { summary?: string | undefined } & object): string {
  return issue.summary ?? "a field has the wrong form";
}
