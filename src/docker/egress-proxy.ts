import { createHash, createHmac } from "node:crypto";

import { parseDestination } from "../lib/destinations.ts";
import { parseJson } from "../lib/json.ts";
import type { Egress } from "../model/manifest.ts";
import { isNoSuchObject } from "./errors.ts";
import type { DockerExec } from "./exec.ts";
import { MANAGED } from "./labels.ts";

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
const PORT = 3128;

const CONFIG_VARIABLE = "OKEN_GATEWAY_CONFIG";

/** Whose it is, and what it was started with. It has no label of a runner's containers: a start would remove it. */
const OWNER_LABEL = "oken.proxy";
const DIGEST_LABEL = "oken.proxy.digest";

/** An image may have to be pulled first. */
const CREATE_TIMEOUT_MS = 300_000;

/** How long the proxy may take to start, and the pause between two looks, milliseconds. */
const LISTEN_TIMEOUT_MS = 10_000;
const LISTEN_PAUSE_MS = 20;

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
  const proxy = `http://${list}:${proof}@${ALIAS}:${PORT}`;
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
  const name = proxyName(place);
  const digest = createHash("sha256")
    .update(JSON.stringify([settings, place]))
    .digest("hex");
  const found = await look(exec, name, place.network);
  if (found?.digest === digest && found.running && found.address !== "")
    return { address: found.address, port: PORT };
  if (found !== undefined) await exec.run(["rm", "--force", "--", name]);
  await exec.run(createArgs({ name, digest, settings, place }), {
    env: { [CONFIG_VARIABLE]: configOf(settings) },
    timeoutMs: CREATE_TIMEOUT_MS,
  });
  await exec.run(["network", "connect", "--alias", ALIAS, place.network, name]);
  await exec.run(["start", "--", name]);
  const address = (await look(exec, name, place.network))?.address ?? "";
  await listening(address);
  return { address, port: PORT };
}

/** Waits until the proxy takes connections. Where it is out of reach, as on another host, this takes all the time. */
async function listening(address: string): Promise<void> {
  const deadline = performance.now() + LISTEN_TIMEOUT_MS;
  const ignored = { data: () => undefined, open: () => undefined };
  while (performance.now() < deadline) {
    const connected = await Bun.connect({ hostname: address, port: PORT, socket: ignored }).catch(
      () => undefined,
    );
    if (connected !== undefined) return void connected.end();
    await Bun.sleep(LISTEN_PAUSE_MS);
  }
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
    exceptions: networks.map(({ address, length }) => `${address}/${length}`),
  });
}

type Created = { name: string; digest: string; settings: ProxySettings; place: ProxyPlace };

function createArgs({ name, digest, settings, place }: Created): string[] {
  const labels = { ...MANAGED, [OWNER_LABEL]: place.owner, [DIGEST_LABEL]: digest };
  return [
    "create",
    ...["--name", name],
    ...Object.entries(labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    // Its agents run on when the engine or the runner starts anew.
    ...["--restart", "unless-stopped"],
    ...["--network", place.uplink],
    "--init",
    "--read-only",
    ...["--user", "65534:65534"],
    ...["--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges"],
    ...["--memory", "128m"],
    ...["--memory-swap", "128m"],
    ...["--pids-limit", "64"],
    ...["--ulimit", "core=0"],
    ...["--log-driver", "local"],
    ...["--log-opt", "max-size=1m"],
    // In the environment of the command, since everyone on the host can read its arguments.
    ...["--env", CONFIG_VARIABLE],
    ...["--entrypoint", "/usr/local/bin/python3"],
    "--",
    settings.image,
    ...["-I", "-S", "-c", settings.program],
  ];
}

type Found = { running: boolean; digest: string; address: string };

async function look(exec: DockerExec, name: string, network: string): Promise<Found | undefined> {
  const format = [
    "{{.State.Running}}",
    `{{json (index .Config.Labels ${JSON.stringify(DIGEST_LABEL)})}}`,
    "{{json .NetworkSettings.Networks}}",
  ].join("\n");
  try {
    const output = await exec.run(["container", "inspect", "--format", format, "--", name]);
    const [running, digest = "", networks = ""] = output.split("\n");
    return {
      running: running === "true",
      digest: textOf(parseJson(digest)),
      address: addressIn(networks, network),
    };
  } catch (error) {
    if (isNoSuchObject(error)) return undefined;
    throw error;
  }
}

function addressIn(text: string, network: string): string {
  const networks = parseJson(text);
  const found: unknown =
    typeof networks === "object" && networks !== null ? Reflect.get(networks, network) : undefined;
  return typeof found === "object" && found !== null && "IPAddress" in found ? textOf(found.IPAddress) : "";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
