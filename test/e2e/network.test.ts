import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { docker } from "../helpers/docker.ts";
import { INTERNET, OUTSIDE, TCP_PORT, UDP_PORT, canMakeNetworks, startOutside } from "../helpers/outside.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

setDefaultTimeout(120_000);

const PROGRAM = await Bun.file(join(import.meta.dir, "../fixtures/network/attempts.py")).text();

/** How something is tried, and where. */
type Attempt = readonly ["tcp" | "udp" | "icmp" | "name" | "reverse", host: string, port: number];
type Answer = "reached" | "kept out";
/** What it is, how it is tried, what an agent must get, and whether a plain container shows that it could be reached. */
type Row = { what: string; attempt: Attempt; agent: Answer; plain: boolean };

const ALL_KINDS = ["tcp", "udp", "icmp"] as const;

/** The same by each protocol. */
function byAll(
  what: string,
  host: string,
  { tcp, udp, plain }: { tcp: number; udp: number; plain: boolean },
): Row[] {
  return ALL_KINDS.map((kind) => ({
    what: `${kind} to ${what}`,
    attempt: [kind, host, { tcp, udp, icmp: 0 }[kind]],
    agent: "kept out",
    plain,
  }));
}

describe.if(canMakeNetworks)("what agents reach", () => {
  test("is the internet and nothing else, whatever is tried, though a plain container reaches it all", async () => {
    await using outside = await startOutside();
    void outside;
    await using host = await startHostServices();
    await using runner = await startRunner({ OKEN_HOST: "0.0.0.0", OKEN_ALLOW_NO_TOKEN: "yes" });
    await Promise.all([
      runner.deploy("prober", { "oken.toml": 'name = "Prober"\nconcurrency = 200\n', "main.py": PROGRAM }),
      runner.deploy("sibling", HANDLER),
      runner.deploy("sibling-apart", { ...HANDLER, "oken.toml": 'name = "Apart"\negress = "none"\n' }),
    ]);
    const rows = await table(runner, host);
    expect(rows.length).toBeGreaterThanOrEqual(60);
    const attempts = rows.map(({ attempt }) => attempt);
    // What leads nowhere on this host must not leave it.
    const reachable = rows.filter(({ plain }) => plain).map(({ attempt }) => attempt);
    const [agent, plain] = await Promise.all([
      runner.invoke("prober", { attempts }).then(({ body }) => answersOf(body.output)),
      inPlainContainer(reachable),
    ]);
    const found = rows.map(({ what }, index) => `${what}: ${String(agent[index])}`);
    expect(found).toEqual(rows.map((row) => `${row.what}: ${row.agent}`));
    // A host with a firewall of its own keeps out plain containers too; there some rows prove less.
    const shown = plain.filter((answer) => answer === "reached");
    expect(shown.length).toBeGreaterThanOrEqual(20);
  });
});

function kept(what: string, attempt: Attempt): Row {
  return { what, attempt, agent: "kept out", plain: false };
}

async function table(runner: TestRunner, host: HostServices): Promise<Row[]> {
  const port = Number(new URL(runner.url).port);
  const networks = await docker([
    ...["network", "ls", "--filter", `name=${runner.network}`, "--format", "{{.Name}}"],
  ]);
  const gateways = await Promise.all(networks.map(gatewayOf));
  const others = hostAddresses().filter((address) => !gateways.includes(address));
  const here = { tcp: host.tcp, udp: host.udp, plain: true };
  const there = { tcp: TCP_PORT, udp: UDP_PORT, plain: true };
  const [sibling, apart] = await Promise.all([
    addressOf(runner, "sibling"),
    addressOf(runner, "sibling-apart"),
  ]);
  const [name = ""] = await runner.containers("sibling");
  return [
    ...ALL_KINDS.map((kind): Row => ({
      what: `${kind} to the internet`,
      attempt: [kind, INTERNET, { tcp: TCP_PORT, udp: UDP_PORT, icmp: 0 }[kind]],
      agent: "reached",
      plain: true,
    })),
    ...[...gateways, ...others.slice(0, 4)].flatMap((address) =>
      byAll(`the host at ${address}`, address, here).concat({
        ...kept(`the runner's API at ${address}`, ["tcp", address, port]),
        plain: true,
      }),
    ),
    ...Object.entries(OUTSIDE).flatMap(([range, address]) => byAll(range, address, there)),
    ...byAll("a sibling", sibling, { tcp: 8080, udp: 8080, plain: false }),
    ...byAll("a sibling in another network", apart, { tcp: 8080, udp: 8080, plain: false }),
    kept("a sibling's name", ["name", "sibling", 0]),
    kept("a sibling's name of earlier releases", ["name", "oken-sibling-v1", 0]),
    kept("what a sibling's address is called", ["reverse", sibling, 0]),
    kept("the proxy's name", ["name", "oken-proxy", 0]),
    kept("the host's name in virtual machines", ["name", "host.docker.internal", 0]),
    kept("everyone on the link", ["udp", "255.255.255.255", host.udp]),
    kept("everyone by multicast", ["udp", "224.0.0.1", host.udp]),
    kept("multicast DNS", ["udp", "224.0.0.251", 5353]),
    kept("an address that ends nowhere", ["tcp", "0.0.0.1", host.tcp]),
    kept("the host on the link in IPv6", ["tcp", "fe80::1%eth0", host.tcp]),
    kept("a private address in IPv6", ["tcp", "fd00:77::1", TCP_PORT]),
    kept("the metadata service in IPv6", ["tcp", "fd00:ec2::254", 80]),
    kept("the host by an IPv4 address in IPv6", ["tcp", `::ffff:${gateways[0]}`, host.tcp]),
    kept("a private address behind NAT64", ["tcp", "64:ff9b::a00:1", TCP_PORT]),
    kept("a private address behind a NAT64 of its own", ["tcp", "64:ff9b:1::a00:1", TCP_PORT]),
    kept("a private address by 6to4", ["tcp", "2002:a00:1::1", TCP_PORT]),
    kept("a private address by Teredo", ["tcp", "2001::a00:1", TCP_PORT]),
    kept("a private address as IPv6 once had it", ["tcp", "::10.0.0.1", TCP_PORT]),
    kept("a site's address as IPv6 once had it", ["tcp", "fec0::1", TCP_PORT]),
    kept("this network", ["udp", "0.0.0.0", host.udp]),
    kept("the host as one number", ["tcp", `${numberOf(gateways[0] ?? "")}`, host.tcp]),
    kept("everyone on the link in IPv6", ["icmp", "ff02::1%eth0", 0]),
    kept(`the resolver's neighbour ports`, ["tcp", gateways[0] ?? "", 53]),
    kept("a sibling's random name at its port of control", ["tcp", name, 8081]),
  ];
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function answersOf(output: unknown): unknown[] {
  return Array.isArray(output) ? output : [];
}

type HostServices = { tcp: number; udp: number } & AsyncDisposable;

/** Services on every address of this host. */
async function startHostServices(): Promise<HostServices> {
  const tcp = Bun.listen({ hostname: "::", port: 0, socket: { data: () => undefined } });
  const udp = await Bun.udpSocket({
    hostname: "0.0.0.0",
    port: 0,
    // Who has left is no error of ours.
    socket: {
      data: (socket, data, port, address) => void socket.send(data, port, address),
      error: () => undefined,
    },
  });
  return {
    tcp: tcp.port,
    udp: udp.port,
    async [Symbol.asyncDispose]() {
      tcp.stop(true);
      udp.close();
    },
  };
}

/** The same attempts from a container that nobody contains. */
async function inPlainContainer(attempts: Attempt[]): Promise<Answer[]> {
  const image = (process.env["OKEN_PYTHON_IMAGE"] ?? "python:{version}-slim-trixie").replace(
    "{version}",
    "3.12",
  );
  const call = `import json, sys\nprint(json.dumps(handler({"attempts": json.loads(sys.argv[1])})))`;
  const [output = "[]"] = await docker([
    ...["run", "--rm", "--entrypoint", "python3", image],
    ...["-c", `${PROGRAM}\n${call}`, JSON.stringify(attempts)],
  ]);
  return JSON.parse(output);
}

async function gatewayOf(network: string): Promise<string> {
  const format = "{{(index .IPAM.Config 0).Gateway}}";
  const [gateway = ""] = await docker(["network", "inspect", "--format", format, network]);
  return gateway.split("/")[0] ?? "";
}

async function addressOf(runner: TestRunner, id: string): Promise<string> {
  const { body } = await runner.request<{ instances: { address: string }[] }>("GET", `/agents/${id}`);
  return body.instances[0]?.address.replace(/^.*\/\/|:\d+$/g, "") ?? "";
}

/** Of this host, with docker0's among them. */
function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .flatMap(({ family, internal, address }) => (family === "IPv4" && !internal ? [address] : []));
}
