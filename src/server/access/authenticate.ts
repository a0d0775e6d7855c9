import { RunnerError } from "../../lib/errors.ts";
import { type Scope, scopeOf } from "./scopes.ts";
import { type Token, findToken } from "./tokens.ts";

const REALM = 'Bearer realm="oken-runner"';

/**
 * The token of a request. Undefined for a path that needs none.
 *
 * @throws RunnerError UNAUTHORIZED without a token that is known, FORBIDDEN with one that is for something else
 */
export function authenticate(
  tokens: readonly Token[],
  { method, headers }: Request,
  path: string,
): Token | undefined {
  const scope = scopeOf(method, path);
  if (scope === undefined) return undefined;
  const given = /^bearer +(.*)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const token = given === undefined ? undefined : findToken(tokens, given);
  if (token === undefined)
    throw new RunnerError(
      "UNAUTHORIZED",
      "This runner needs a bearer token: send `Authorization: Bearer …`.",
      { headers: { "WWW-Authenticate": REALM } },
    );
  if (!token.scopes.includes(scope)) throw notFor(token, scope);
  return token;
}

/** The header is that of RFC 6750 section 3. */
function notFor({ name, scopes }: Token, scope: Scope): RunnerError {
  return new RunnerError(
    "FORBIDDEN",
    `The token ${name} may not do this: it needs the scope ${scope}, and has ${scopes.join(", ")}.`,
    { headers: { "WWW-Authenticate": `${REALM}, error="insufficient_scope", scope="${scope}"` } },
  );
}
