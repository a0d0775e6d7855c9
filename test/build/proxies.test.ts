import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type Socket, createConnection } from "node:net";
import { text } from "node:stream/consumers";

import { EGRESS_PROXY, FETCH_PROXY } from "../../src/build/egress-proxy.ts";
import { ALL_NOT_PUBLIC } from "../../src/lib/networks.ts";
import { eventually } from "../helpers/eventually.ts";

setDefaultTimeout(30_000);

const KEY = "k";

/** As the programs write it. */
const MAX_CONNECTIONS = 512;

/** Names that lead to addresses which Python takes for public ones, and that are none. */
const ASTRAY = {
  "azure.example.com": "168.63.129.16",
  "oracle.example.com": "192.0.0.192",
  "nat64.example.com": "64:ff9b::a00:1",
  "its-own-nat64.example.com": "64:ff9b:1::a00:1",
  "6to4.example.com": "2002:a00:1::1",
  "compatible.example.com": "::10.0.0.1",
  "mapped.example.com": "::ffff:10.0.0.1",
  "site.example.com": "fec0::1",
  "metadata.example.com": "169.254.169.254",
  "loopback.example.com": "127.0.0.1",
};

let agents: Proxy;
let builds: Proxy;
beforeAll(async () => {
  [agents, builds] = await Promise.all([
    startProxy(EGRESS_PROXY, { key: KEY, closed: ALL_NOT_PUBLIC, exceptions: ["203.0.113.0/24"] }),
    startProxy(FETCH_PROXY, {
      ...{ allow: [], public: true, logins: [], ownAddresses: [], upstream: null },
      closed: ALL_NOT_PUBLIC,
    }),
  ]);
});
afterAll(() => [agents, builds].forEach((proxy) => proxy[Symbol.dispose]()));

test.each(Object.keys(ASTRAY))("no proxy connects to where %s leads", async (host) => {
  const said = `${host} has no public address`;
  expect(await ask(agents, `${host}:443`, ["*.example.com"])).toContain(said);
  expect(await ask(builds, `${host}:443`)).toContain(said);
});

test("connections of one agent are bounded, and come back as they end", async () => {
  const held: Socket[] = [];
  // Of many at once the kernel would let some wait outside.
  while (held.length < MAX_CONNECTIONS) held.push(await connect(agents.port));
  await eventually(async () =>
    expect(await ask(agents, "a.example.com:443", [])).toContain(`${MAX_CONNECTIONS} connections are open`),
  );
  // Another address has as many of its own.
  expect(await ask(agents, "a.example.com:443", [], "127.0.0.2")).toContain("is not in the agent's egress");
  for (const socket of held) socket.end();
  await eventually(async () =>
    expect(await ask(agents, "a.example.com:443", [])).toContain("is not in the agent's egress"),
  );
});

type Proxy = { port: number } & Disposable;

/** A resolver that knows {@link ASTRAY}, and a server that says which port it has. */
const PRELUDE = `
import asyncio, socket
names = ${JSON.stringify(ASTRAY)}
async def getaddrinfo(self, host, port, **_):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (names[host], port))]
async def start_server(serve, host, port, start=asyncio.start_server, **options):
    own = socket.create_server(("127.0.0.1", 0))
    print(own.getsockname()[1], flush=True)
    return await start(serve, sock=own, **options)
asyncio.base_events.BaseEventLoop.getaddrinfo = getaddrinfo
asyncio.start_server = start_server
`;

async function startProxy(program: string, config: object): Promise<Proxy> {
  const python = Bun.spawn(["python3", "-I", "-c", PRELUDE + program], {
    env: { OKEN_GATEWAY_CONFIG: JSON.stringify(config) },
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await python.stdout.getReader().read();
  return {
    port: Number.parseInt(new TextDecoder().decode(value), 10),
    [Symbol.dispose]: () => python.kill(),
  };
}

async function connect(port: number, localAddress = "127.0.0.1"): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port, localAddress });
  await once(socket, "connect");
  return socket;
}

/** What it answers to a CONNECT with a list that the runner wrote. */
async function ask(proxy: Proxy, target: string, hosts: string[] = [], from?: string): Promise<string> {
  const list = Buffer.from(JSON.stringify(hosts)).toString("base64url");
  const proof = createHmac("sha256", KEY).update(list).digest("hex").slice(0, 32);
  const socket = await connect(proxy.port, from);
  socket.write(
    `CONNECT ${target} HTTP/1.1\r\nProxy-Authorization: Basic ${btoa(`${list}:${proof}`)}\r\n\r\n`,
  );
  return text(socket);
}
