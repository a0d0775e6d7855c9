import { scopeOf } from "../access/scopes.ts";

type Operation = { description?: string; security?: unknown };
type Document = { paths?: Record<string, Record<string, Operation>> };

/**
 * Says of each operation which scope a token needs for it, by the function that decides it. The empty entry: a runner
 * without tokens needs none.
 */
export function withScopes(document: Document): object {
  const paths = Object.entries(document.paths ?? {}).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [
        method,
        withScope(operation, scopeOf(method.toUpperCase(), path)),
      ]),
    ),
  ]);
  return { ...document, paths: Object.fromEntries(paths) };
}

function withScope(operation: Operation, scope: string | undefined): Operation {
  if (scope === undefined) return { ...operation, security: [] };
  const description = `${operation.description ?? ""}\n\nScope of the token, if the runner has any: \`${scope}\`.`;
  return { ...operation, description, security: [{ token: [scope] }, {}] };
}
