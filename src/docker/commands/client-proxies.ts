import { readFile } from "node:fs/promises";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { parseJson } from "../../lib/json.ts";
import { configPath } from "./client-config.ts";

/** By the engine's address, or for all of them. */
const Config = Type.Object({
  proxies: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())),
});

/** The variables that the docker CLI sets in each container that it makes, by their keys in its config.json. */
const VARIABLES: Record<string, string> = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  noProxy: "NO_PROXY",
  ftpProxy: "FTP_PROXY",
  allProxy: "ALL_PROXY",
};

/**
 * The names of the variables by which every container would learn the operator's proxies, password included:
 * https://docs.docker.com/engine/cli/proxy/. A container that is told another value of one does not.
 */
export async function clientProxyVariables(
  environment: Record<string, string | undefined>,
): Promise<string[]> {
  const config = parseJson(await readFile(configPath(environment), "utf8").catch(() => ""));
  if (!Value.Check(Config, config)) return [];
  const keys = new Set(Object.values(config.proxies).flatMap((proxies) => Object.keys(proxies)));
  return Object.entries(VARIABLES)
    .filter(([key]) => keys.has(key))
    .flatMap(([, name]) => [name, name.toLowerCase()]);
}
