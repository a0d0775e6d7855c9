import { docker } from "./docker.ts";

export type PackageIndex = Disposable & {
  /** With credentials, where it asks for them. */
  url: string;
  host: string;
  port: number;
  /** Paths asked for so far, with the status of each answer. */
  requests: { path: string; status: number }[];
};

/** A package index on the address by which containers reach this host; it asks for a password if one is given. */
export async function startPackageIndex(
  files: Record<string, Uint8Array<ArrayBuffer>>,
  options: { password?: string; status?: number } = {},
): Promise<PackageIndex> {
  const [host = ""] = await docker([
    "network",
    "inspect",
    "bridge",
    "--format",
    "{{(index .IPAM.Config 0).Gateway}}",
  ]);
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
    const names = Object.keys(files).filter(
      (name) => project !== undefined && name.startsWith(`${project.replaceAll("-", "_")}-`),
    );
    if (names.length === 0) return new Response("", { status: 404 });
    const links = names.map((name) => `<a href="/files/${name}">${name}</a>`).join("\n");
    return new Response(`<!DOCTYPE html><body>${links}</body>`, { headers: { "content-type": "text/html" } });
  };
  const server = Bun.serve({
    hostname: host,
    port: 0,
    fetch(request) {
      const response = answer(request);
      requests.push({ path: new URL(request.url).pathname, status: response.status });
      return response;
    },
  });
  const user = options.password === undefined ? "" : `reader:${options.password}@`;
  const port = server.port ?? 0;
  return {
    url: `http://${user}${host}:${port}/simple/`,
    host,
    port,
    requests,
    [Symbol.dispose]: () => void server.stop(true),
  };
}
