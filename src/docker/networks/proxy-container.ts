import { createHash } from "node:crypto";

import { parseJson } from "../../lib/json.ts";
import { isNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { MANAGED } from "../labels.ts";

/** A proxy of the runner's own: a Python program in a container that stays while it is needed. */
export type ProxyContainer = {
  name: string;
  /** The runner. */
  owner: string;
  /** With a Python. Asked for only when the container is made. */
  image: () => Promise<string>;
  program: string;
  /** For the program, which alone reads it. */
  config: string;
  /** By which it goes out. */
  network: string;
  /** The network of those who use it, and its name there; undefined when they are in `network` too. */
  reachedIn?: { network: string; alias: string };
  /** Whatever else it is made from: a container of another is replaced. */
  spec: unknown;
};

/** The port that the programs listen on. */
export const PROXY_PORT = 3128;

const CONFIG_VARIABLE = "OKEN_GATEWAY_CONFIG";

/** Whose it is, and what it was started with. It has no label of a runner's containers: a start would remove it. */
export const OWNER_LABEL = "oken.proxy";
const DIGEST_LABEL = "oken.proxy.digest";

/** An image may have to be pulled first. */
const CREATE_TIMEOUT_MS = 300_000;

/** How long the proxy may take to start, and the pause between two looks, milliseconds. */
const LISTEN_TIMEOUT_MS = 10_000;
const LISTEN_PAUSE_MS = 20;

/** Has the proxy run, as it is to be. Answers with the address at which it is used. */
export async function ensureProxyContainer(exec: DockerExec, proxy: ProxyContainer): Promise<string> {
  const { name, network, reachedIn, config, spec } = proxy;
  const usedIn = reachedIn?.network ?? network;
  const digest = createHash("sha256").update(JSON.stringify(spec)).digest("hex");
  const found = await look(exec, name, usedIn);
  if (found?.digest === digest && found.running && found.address !== "") return found.address;
  if (found !== undefined) await exec.run(["rm", "--force", "--", name]);
  await exec.run(createArgs(proxy, { digest, image: await proxy.image() }), {
    env: { [CONFIG_VARIABLE]: config },
    timeoutMs: CREATE_TIMEOUT_MS,
  });
  if (reachedIn !== undefined)
    await exec.run(["network", "connect", "--alias", reachedIn.alias, reachedIn.network, name]);
  await exec.run(["start", "--", name]);
  const address = (await look(exec, name, usedIn))?.address ?? "";
  await listening(address);
  return address;
}

/** Waits until the proxy takes connections. Where it is out of reach, as on another host, this takes all the time. */
async function listening(address: string): Promise<void> {
  const deadline = performance.now() + LISTEN_TIMEOUT_MS;
  const ignored = { data: () => undefined, open: () => undefined };
  while (performance.now() < deadline) {
    const connected = await Bun.connect({ hostname: address, port: PROXY_PORT, socket: ignored }).catch(
      () => undefined,
    );
    if (connected !== undefined) return void connected.end();
    await Bun.sleep(LISTEN_PAUSE_MS);
  }
}

function createArgs(
  { name, owner, program, network }: ProxyContainer,
  { digest, image }: { digest: string; image: string },
): string[] {
  const labels = { ...MANAGED, [OWNER_LABEL]: owner, [DIGEST_LABEL]: digest };
  return [
    "create",
    ...["--name", name],
    ...Object.entries(labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
    // Those who use it run on when the engine or the runner starts anew.
    ...["--restart", "unless-stopped"],
    ...["--network", network],
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
    image,
    ...["-I", "-S", "-c", program],
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
