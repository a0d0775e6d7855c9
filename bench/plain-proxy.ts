/**
 * The yardstick for the runner's own cost: `bun bench/plain-proxy.ts <origin>` passes each request on to `origin` with
 * Bun's own server and `fetch`, knowing nothing of agents, slots, deadlines or logs. Prints its address.
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
