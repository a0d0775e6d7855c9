import { RunnerError } from "../../lib/errors.ts";
import { quoted } from "../../lib/text.ts";
import { queryOf } from "./target.ts";

type Parameter = { in?: string; name?: string };

/** A route of the application, with its part of the document. */
export type DocumentedRoute = { path: string; method: string; hooks: { detail?: { parameters?: unknown } } };

/**
 * Refuses parameters that the document does not name for the route: whoever mistypes one would be answered as if it were
 * not there.
 *
 * @throws RunnerError INVALID_REQUEST
 */
export function requireKnownQuery(request: Request, path: string, routes: readonly DocumentedRoute[]): void {
  if (!request.url.includes("?")) return;
  const route = routes.find((it) => it.path === path && it.method === methodOf(request));
  const known = queryNames(route?.hooks.detail?.parameters);
  for (const name of queryOf(request.url).keys())
    if (!known.includes(name)) throw unknownParameter(name, known);
}

export function unknownParameter(name: string, known: readonly string[]): RunnerError {
  const there = known.length === 0 ? "there are none" : `there are ${known.join(", ")}`;
  return new RunnerError("INVALID_REQUEST", `There is no parameter ${quoted(name)} here: ${there}.`);
}

function methodOf({ method }: Request): string {
  return method === "HEAD" ? "GET" : method;
}

function queryNames(parameters: unknown): string[] {
  if (!Array.isArray(parameters)) return [];
  return parameters.flatMap((it: Parameter) => (it.in === "query" && it.name !== undefined ? [it.name] : []));
}
