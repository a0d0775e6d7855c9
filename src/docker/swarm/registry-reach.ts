import { readFile, readdir } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { createNetworkList } from "../../lib/networks.ts";
import { parseJson } from "../../lib/json.ts";

/** Where engines look for the certificates of registries: https://docs.docker.com/engine/security/certificates/ */
const CERTIFICATES = "/etc/docker/certs.d";

const RegistryConfig = Type.Object({
  IndexConfigs: Type.Record(Type.String(), Type.Object({ Secure: Type.Boolean() })),
  InsecureRegistryCIDRs: Type.Union([Type.Array(Type.String()), Type.Null()]),
});

/** What the engine was told of registries. */
export function registryConfigArgs(): string[] {
  return ["info", "--format", "{{json .RegistryConfig}}"];
}

/** Whether the engine speaks to a registry without a certificate that it trusts, or without any. */
export function isInsecure(registry: string, registryConfig: string): boolean {
  const config = parseJson(registryConfig);
  if (!Value.Check(RegistryConfig, config)) return false;
  const index = config.IndexConfigs[registry];
  if (index !== undefined) return !index.Secure;
  const host = URL.parse(`http://${registry}`)?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "";
  const address = host === "localhost" ? "127.0.0.1" : host;
  return isIP(address) !== 0 && createNetworkList(config.InsecureRegistryCIDRs ?? []).has(address);
}

/** The authorities of a registry's certificate: those of everybody and its own. Undefined where it has none of its own. */
export async function authoritiesOf(registry: string, root = CERTIFICATES): Promise<string[] | undefined> {
  const directory = join(root, registry);
  const names = await readdir(directory).catch(() => []);
  const own = names.filter((name) => name.endsWith(".crt"));
  if (own.length === 0) return undefined;
  const texts = await Promise.all(own.map((name) => readFile(join(directory, name), "utf8").catch(() => "")));
  return [...rootCertificates, ...texts.filter((text) => text !== "")];
}
