import { docker } from "./docker.ts";

export type PackageIndex = Disposable & {
  /** With credentials, where it asks for them. */
  url: string;
  host: string;
  port: number;
  /** Paths asked for so far, with the status of each answer. */
  requests: { path: string; status: number }[];
};

/** A package index for containers, or for this host alone; it asks for a password if one is given. */
export async function startPackageIndex(
  files: Record<string, Uint8Array<ArrayBuffer>>,
  options: {
    password?: string;
    /** Address to listen on; by default the one by which containers reach this host. */
    host?: string;
    status?: number;
    tls?: { key: string; cert: string };
    /** Keeps the answer for a path back until it resolves. */
    hold?: (path: string) => Promise<void>;
  } = {},
): Promise<PackageIndex> {
  const host = options.host ?? (await hostAddress());
  const requests: { path: string; status: number }[] = [];
  const expected = options.password === undefined ? undefined : `Basic ${btoa(`reader:${options.password}`)}`;
  const answer = (request: Request): Response => {
    if (options.status !== undefined) return new Response("", { status: options.status });
    if (expected !== undefined && request.headers.get("authorization") !== expected) {
      return new Response("", { status: 401, headers: { "www-authenticate": "Basic" } });
    }
    const { pathname } = new URL(request.url);
    const file = files[pathname.replace("/files/", "")];
    if (file !== undefined) return new Response(file);
    const project = /^\/simple\/([^/]+)\/$/.exec(pathname)?.[1];
    // Read at each request: a test may offer more files later.
    const offered = Object.entries(files).filter(
      ([name]) => project !== undefined && name.startsWith(`${project.replaceAll("-", "_")}-`),
    );
    if (offered.length === 0) return new Response("", { status: 404 });
    const links = offered
      .map(([name, bytes]) => `<a href="/files/${name}#sha256=${Bun.SHA256.hash(bytes, "hex")}">${name}</a>`)
      .join("\n");
    return new Response(`<!DOCTYPE html><body>${links}</body>`, { headers: { "content-type": "text/html" } });
  };
  const server = Bun.serve({
    hostname: host,
    port: 0,
    idleTimeout: 0,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    async fetch(request) {
      const { pathname } = new URL(request.url);
      await options.hold?.(pathname);
      const response = answer(request);
      requests.push({ path: pathname, status: response.status });
      return response;
    },
  });
  const user = options.password === undefined ? "" : `reader:${options.password}@`;
  const port = server.port ?? 0;
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${user}${host}:${port}/simple/`,
    host,
    port,
    requests,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

/** A certificate that nobody trusts yet, for the address of the index. */
export async function selfSigned(host: string): Promise<{ key: string; cert: string }> {
  const command = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "1",
    "-subj",
    "/CN=test",
  ];
  const made = Bun.spawn(
    [
      ...command,
      "-addext",
      "basicConstraints=critical,CA:FALSE",
      "-addext",
      `subjectAltName=IP:${host}`,
      "-keyout",
      "-",
      "-out",
      "-",
    ],
    {
      stdout: "pipe",
      stderr: "ignore",
    },
  );
  const text = await made.stdout.text();
  if ((await made.exited) !== 0) throw new Error("openssl made no certificate");
  const part = (kind: string) =>
    new RegExp(`-----BEGIN ${kind}-----[^]+?-----END ${kind}-----\n`).exec(text)?.[0] ?? "";
  return { key: part("PRIVATE KEY"), cert: part("CERTIFICATE") };
}

/** Address by which containers of the default network reach this host. */
export async function hostAddress(): Promise<string> {
  const [host = ""] = await docker([
    "network",
    "inspect",
    "bridge",
    "--format",
    "{{(index .IPAM.Config 0).Gateway}}",
  ]);
  return host;
}
