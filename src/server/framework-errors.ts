import { NotFoundError, ParseError, ValidationError } from "elysia";

import { RunnerError } from "../lib/errors.ts";

/** What Elysia throws of its own accord, in the runner's terms; anything else is given back as it is. */
export function fromFramework(
  error: unknown,
  request: Request,
  routes: { method: string; path: string }[],
): unknown {
  if (error instanceof NotFoundError) return noRoute(request, routes);
  if (error instanceof ParseError) return new RunnerError("INVALID_REQUEST", "The body is not valid JSON.");
  // An answer of ours that its own schema refuses is a bug of ours.
  if (error instanceof ValidationError && error.type === "response") return new Error(error.message);
  if (error instanceof ValidationError)
    return new RunnerError(
      "INVALID_REQUEST",
      `The request is not valid: ${error.all.map(describe).join("; ")}.`,
    );
  return error;
}

function noRoute(request: Request, routes: { method: string; path: string }[]): RunnerError {
  const path = new URL(request.url).pathname;
  const allowed = [
    ...new Set(routes.filter((route) => matches(route.path, path)).map(({ method }) => method)),
  ];
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

/** Whether `/agents/:id` matches `/agents/echo`; wildcard routes take every method and never lead here. */
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
