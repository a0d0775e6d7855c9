/** A reverse proxy that serves all of `target` below `prefix`, and says so as proxies do. */
export function startGateway(prefix: string, target: string) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request, bunServer) {
      const { pathname, search, host } = new URL(request.url);
      if (!pathname.startsWith(`${prefix}/`)) return new Response("not below the prefix", { status: 404 });
      const headers = new Headers(request.headers);
      headers.set("x-forwarded-for", bunServer.requestIP(request)?.address ?? "unknown");
      headers.set("x-forwarded-proto", "http");
      headers.set("x-forwarded-host", host);
      headers.set("x-forwarded-prefix", prefix);
      headers.set("host", "runner.internal");
      return fetch(target + pathname.slice(prefix.length) + search, {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
        decompress: false,
      });
    },
  });
  return { origin: server.url.origin, [Symbol.asyncDispose]: () => server.stop(true) };
}
