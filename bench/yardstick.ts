/** Longest wait until a server that was started answers, milliseconds. */
const START_MS = 5_000;

/** A port of loopback that nobody listens on. */
export function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = server;
  server.stop(true);
  return port;
}

/** Waits until a server answers, whatever it says. */
export async function answers(url: string): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const isUp = await fetch(url, { proxy: "" }).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    if (performance.now() > deadline) throw new Error(`nothing answers at ${url}`);
    await Bun.sleep(50);
  }
}
