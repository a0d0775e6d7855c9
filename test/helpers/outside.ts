import { eventually } from "./eventually.ts";

/** Whether this process may make networks and routes. */
export const canMakeNetworks =
  process.getuid?.() === 0 && Bun.which("ip") !== null && Bun.which("iptables") !== null;

/** One address of each range that is not of the internet, and one that stands for the internet. None is anybody's here. */
export const OUTSIDE = {
  "10/8": "10.254.77.1",
  "100.64/10": "100.127.77.1",
  "169.254/16, where metadata services are": "169.254.77.77",
  "172.16/12": "172.31.254.77",
  "192.0.0/24": "192.0.0.77",
  "192.168/16": "192.168.254.77",
  "198.18/15": "198.19.77.1",
  "168.63.129.16, of Azure": "168.63.129.16",
  "240/4": "240.0.0.77",
} as const;
export const INTERNET = "203.0.113.177";
/** Public to whoever looks at addresses; since RFC 7526 nobody has it. */
export const PUBLIC = "192.88.99.177";

export const TCP_PORT = 8077;
export const UDP_PORT = 5377;
export const HTTP_PORT = 8078;

/**
 * Takes connections, and sends back what it gets: from the address that was asked. By HTTP it redirects to where `/to/`
 * says, offers packages from there at `/index/`, gives what is in `/give/` itself, and tells at `/asked` what it was asked for.
 */
const SERVER = `
const asked = [];
Bun.serve({ hostname: "0.0.0.0", port: ${HTTP_PORT}, fetch(request) {
  const { host, pathname } = new URL(request.url);
  const [, verb, place = ""] = pathname.split("/");
  const address = Buffer.from(place, "base64url").toString();
  if (verb === "asked") return Response.json(asked);
  asked.push(host + pathname);
  if (verb === "give") return new Response(Buffer.from(place, "base64url"));
  if (verb === "to") return Response.redirect(address);
  if (verb === "index") return new Response('<!DOCTYPE html><a href="' + address + '">evil-1-py3-none-any.whl</a>', { headers: { "content-type": "text/html" } });
  return new Response("", { status: 404 });
} });
Bun.listen({ hostname: "0.0.0.0", port: ${TCP_PORT}, socket: { data() {} } });
const echo = { data(socket, data, port, host) { socket.send(data, port, host); }, error() {} };
for (const hostname of process.argv.slice(1)) await Bun.udpSocket({ hostname, port: ${UDP_PORT}, socket: echo });
`;

/** A network namespace that has all these addresses, behind a route of this host for each. */
export async function startOutside() {
  const name = `oken-test-${Bun.randomUUIDv7().slice(-12)}`;
  const [near, far] = [`on${name.slice(-8)}`, `of${name.slice(-8)}`];
  const addresses = [...Object.values(OUTSIDE), INTERNET, PUBLIC];
  await using undo = new AsyncDisposableStack();
  await ip("netns", "add", name);
  undo.defer(() => ip("netns", "del", name));
  await ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name);
  // The kernel takes its time with a namespace; the routes go with the link.
  undo.defer(() => ip("link", "del", near));
  await ip("address", "add", "192.0.2.201/32", "peer", "192.0.2.202", "dev", near);
  await ip("link", "set", near, "up");
  await ip("-n", name, "address", "add", "192.0.2.202/32", "peer", "192.0.2.201", "dev", far);
  for (const address of addresses) await ip("-n", name, "address", "add", `${address}/32`, "dev", far);
  await ip("-n", name, "link", "set", far, "up");
  // An address that is here already is left alone: the route would take it away.
  for (const address of addresses)
    await ip("route", "add", `${address}/32`, "dev", near, "via", "192.0.2.202");
  const server = Bun.spawn(["ip", "netns", "exec", name, process.execPath, "-e", SERVER, ...addresses], {
    stdout: "ignore",
    stderr: "inherit",
  });
  undo.defer(async () => {
    server.kill();
    await server.exited;
  });
  await eventually(async () =>
    (await Bun.connect({ hostname: INTERNET, port: TCP_PORT, socket: { data: () => undefined } })).end(),
  );
  const own = undo.move();
  return { [Symbol.asyncDispose]: () => own.disposeAsync() };
}

async function ip(...args: string[]): Promise<void> {
  const child = Bun.spawn(["ip", ...args], { stdout: "ignore", stderr: "pipe" });
  const [errors, status] = await Promise.all([child.stderr.text(), child.exited]);
  if (status !== 0) throw new Error(`ip ${args.join(" ")} failed: ${errors}`);
}
