import { readFile } from "node:fs/promises";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { parseJson } from "../../lib/json.ts";
import { configPath } from "../commands/client-config.ts";
import type { DockerExec } from "../exec.ts";

/** Who the runner is to a registry. */
export type Login =
  | { username: string; password: string }
  /** Exchanged for a token at the registry's own place for that. */
  | { identityToken: string };

/** The user's name that a credential helper gives with an identity token. */
const TOKEN_USER = "<token>";

/** A helper may ask a key ring or a cloud, milliseconds. */
const HELPER_TIMEOUT_MS = 10_000;

/** The name of a helper's program goes into a command. */
const HELPER = /^[\w.-]+$/;

const Entry = Type.Object({
  /** `user:password` in base64. */
  auth: Type.Optional(Type.String()),
  identitytoken: Type.Optional(Type.String()),
});

/** What we read of the docker CLI's config.json, where `docker login` writes. */
const Config = Type.Object({
  auths: Type.Optional(Type.Record(Type.String(), Entry)),
  credsStore: Type.Optional(Type.String()),
  credHelpers: Type.Optional(Type.Record(Type.String(), Type.String())),
});

/** What a helper prints: https://github.com/docker/docker-credential-helpers#development */
const Answer = Type.Object({ Username: Type.String(), Secret: Type.String() });

type Environment = Record<string, string | undefined>;

/** What `docker login` keeps for a registry, read anew each time: somebody may have logged in. Undefined if nothing. */
export async function loginOf(
  registry: string,
  { exec, environment }: { exec: DockerExec; environment: Environment },
): Promise<Login | undefined> {
  const text = await readFile(configPath(environment), "utf8").catch(() => "");
  const config = parseJson(text);
  if (!Value.Check(Config, config)) return undefined;
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  const helped = helper === undefined ? undefined : await askHelper(exec, { helper, registry });
  if (helped !== undefined) return helped;
  const entry = Object.entries(config.auths ?? {}).find(([name]) => hostOf(name) === registry)?.[1];
  return entry === undefined ? undefined : loginIn(entry);
}

async function askHelper(
  exec: DockerExec,
  { helper, registry }: { helper: string; registry: string },
): Promise<Login | undefined> {
  if (!HELPER.test(helper)) return undefined;
  const tool = `docker-credential-${helper}`;
  // It fails when it knows no such registry.
  const output = await exec
    .run(["get"], { tool, input: registry, timeoutMs: HELPER_TIMEOUT_MS })
    .catch(() => "");
  const answer = parseJson(output);
  if (!Value.Check(Answer, answer)) return undefined;
  const { Username: username, Secret: password } = answer;
  return username === TOKEN_USER ? { identityToken: password } : { username, password };
}

function loginIn({ auth, identitytoken }: { auth?: string; identitytoken?: string }): Login | undefined {
  if (identitytoken) return { identityToken: identitytoken };
  const [, username, password] = /^([^:]+):(.*)$/s.exec(atobOf(auth ?? "")) ?? [];
  return username === undefined || password === undefined ? undefined : { username, password };
}

function atobOf(text: string): string {
  return Buffer.from(text, "base64").toString("utf8").replace(/\0+$/, "");
}

/** Entries may be whole addresses, as `https://registry:5000/v1/`. */
function hostOf(name: string): string {
  return name.replace(/^https?:\/\//, "").split("/")[0] ?? name;
}
