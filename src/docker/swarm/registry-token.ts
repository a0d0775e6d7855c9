import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { KiB } from "../../lib/bytes.ts";
import { jsonWithin } from "../../lib/read-within.ts";
import type { Login } from "./docker-login.ts";

/** Tokens are signed claims of a few kilobytes. */
const MAX_ANSWER_BYTES = 256 * KiB;

/** What a registry wants to know, from its `WWW-Authenticate`. */
type Challenge = { scheme: "basic" } | { scheme: "bearer"; realm: string; query: Record<string, string> };

/** Some give it under one name, some under the other: https://distribution.github.io/distribution/spec/auth/token/ */
const Token = Type.Object({
  token: Type.Optional(Type.String()),
  access_token: Type.Optional(Type.String()),
});

/**
 * The `Authorization` that answers a registry's challenge; undefined where there is none. `ask` sends a request to the
 * place that gives tokens.
 */
export async function authorizationFor(
  header: string,
  login: Login | undefined,
  ask: (url: string, init: RequestInit) => Promise<Response>,
): Promise<string | undefined> {
  const challenge = parseChallenge(header);
  if (challenge?.scheme === "basic") return login === undefined ? undefined : basic(login);
  if (challenge === undefined || !URL.canParse(challenge.realm)) return undefined;
  const response = await ask(...tokenRequest(challenge, login));
  const body = response.ok ? await jsonWithin(response, MAX_ANSWER_BYTES) : undefined;
  if (!Value.Check(Token, body)) return undefined;
  const token = body.token ?? body.access_token;
  return token === undefined ? undefined : `Bearer ${token}`;
}

function parseChallenge(header: string): Challenge | undefined {
  const [, scheme = "", rest = ""] = /^(\w+)\s*(.*)$/s.exec(header) ?? [];
  if (scheme.toLowerCase() === "basic") return { scheme: "basic" };
  const { realm, ...query } = Object.fromEntries(
    [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  if (scheme.toLowerCase() !== "bearer" || realm === undefined) return undefined;
  return { scheme: "bearer", realm, query };
}

function tokenRequest(
  { realm, query }: { realm: string; query: Record<string, string> },
  login: Login | undefined,
): [url: string, init: RequestInit] {
  const { service = "", scope = "" } = query;
  if (login !== undefined && "identityToken" in login) {
    const form = {
      grant_type: "refresh_token",
      client_id: "oken-runner",
      refresh_token: login.identityToken,
    };
    return [realm, { method: "POST", body: new URLSearchParams({ ...form, service, scope }) }];
  }
  const url = new URL(realm);
  for (const [name, value] of Object.entries({ service, scope })) url.searchParams.append(name, value);
  const authorization = login === undefined ? undefined : basic(login);
  return [url.href, authorization === undefined ? {} : { headers: { Authorization: authorization } }];
}

function basic(login: Login): string | undefined {
  if ("identityToken" in login) return undefined;
  return `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
}
