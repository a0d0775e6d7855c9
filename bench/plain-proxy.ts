/**
 * What the runner's cost is compared with: `bun bench/plain-proxy.ts <origin>` passes each request on to `origin` with
 * Bun's server and `fetch`, without agents, slots, deadlines or logs. It prints its address.
 */
const origin = process.argv[2] ?? "";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    const { pathname, search } = new URL(request.url);
    return fetch(`${origin}${pathname}${search}`, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      decompress: false,
      proxy: "",
    });
  },
});
process.stdout.write(`${server.url.origin}\n`);
