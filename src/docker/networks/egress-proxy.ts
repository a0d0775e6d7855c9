import { createHash, createHmac } from "node:crypto";

import { parseDestination } from "../../lib/destinations.ts";
import { ALL_NOT_PUBLIC } from "../../lib/networks.ts";
import type { Egress } from "../../model/manifest.ts";
import type { DockerExec } from "../exec.ts";
import { PROXY_PORT, ensureProxyContainer } from "./proxy-container.ts";

/** The proxy of agents that name the hosts they reach. It is the gateway of source builds. */
export type ProxySettings = {
  /** With a Python. */
  image: string;
  program: string;
  /** Of the proofs that the runner wrote a list. */
  key: string;
  /** Private destinations where a named host may be, as `lib/destinations.ts` writes them. The firewall holds their ports. */
  exceptions: string[];
};

/** The name of the proxy in its agents' network. */
const ALIAS = "oken-proxy";
/** Hexadecimal digits of a list's proof. 128 bits. */
const PROOF_DIGITS = 32;

export type ProxyPlace = { owner: string; network: string; uplink: string };

/**
 * The variables that tell an agent's packages of the proxy. The list of hosts is in them, with a proof that it is the
 * agent's: the proxy need not be told of any agent, and knows all of them after a restart.
 */
export function proxyEnvironment({ hosts, allow }: Egress, key: string): Record<string, string> {
  const list = Buffer.from(JSON.stringify(hosts)).toString("base64url");
  const proof = createHmac("sha256", key).update(list).digest("hex").slice(0, PROOF_DIGITS);
  const proxy = `http://${list}:${proof}@${ALIAS}:${PROXY_PORT}`;
  const direct = ["localhost", "127.0.0.1", "::1", ...allow.map((text) => text.replace(/:\d+$/, ""))].join(
    ",",
  );
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    NO_PROXY: direct,
    http_proxy: proxy,
    https_proxy: proxy,
    no_proxy: direct,
  };
}

/** Has the proxy of a network run, as it is to be. Answers where its agents reach it. */
export async function ensureProxy(
  exec: DockerExec,
  settings: ProxySettings,
  place: ProxyPlace,
): Promise<{ address: string; port: number }> {
  const { image, program } = settings;
  const address = await ensureProxyContainer(exec, {
    name: proxyName(place),
    owner: place.owner,
    image: () => Promise.resolve(image),
    program,
    config: configOf(settings),
    network: place.uplink,
    reachedIn: { network: place.network, alias: ALIAS },
    spec: [settings, place, configOf(settings)],
  });
  return { address, port: PROXY_PORT };
}

/** Removes the proxy of a network, which keeps the network from being removed. */
export async function removeProxy(exec: DockerExec, place: Omit<ProxyPlace, "uplink">): Promise<void> {
  await exec.run(["rm", "--force", "--", proxyName(place)]);
}

function proxyName({ owner, network }: Omit<ProxyPlace, "uplink">): string {
  return `oken-proxy-${createHash("sha256").update(`${owner}\0${network}`).digest("hex").slice(0, 16)}`;
}

function configOf({ key, exceptions }: ProxySettings): string {
  const networks = exceptions.flatMap((text) => parseDestination(text) ?? []);
  return JSON.stringify({
    key,
    closed: ALL_NOT_PUBLIC,
    exceptions: networks.map(({ address, length }) => `${address}/${length}`),
  });
}
