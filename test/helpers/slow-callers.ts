import type { Socket } from "bun";

/** Pause between two bytes of one caller, milliseconds. */
const BYTE_EVERY_MS = 5_000;

/** Connections that are opened at a time. */
const AT_ONCE = 50;

type SlowOptions = {
  url: string;
  count: number;
  /** What each caller sends at once. */
  says: string;
  /** What it sends now and then; undefined for one that only does not read. */
  adds: string | undefined;
};

/** Callers that take their time, and never read. */
export async function createSlowCallers({ url, count, says, adds }: SlowOptions) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const open = async () => {
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: () => undefined,
        close: (it) => void sockets.delete(it),
        error: () => undefined,
      },
    });
    sockets.add(socket);
    socket.write(Buffer.from(says, "latin1"));
    if (adds === undefined) socket.pause();
  };
  for (let opened = 0; opened < count; opened += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open));
  const timer = setInterval(() => {
    if (adds !== undefined) for (const socket of sockets) socket.write(Buffer.from(adds, "latin1"));
  }, BYTE_EVERY_MS);
  return {
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const socket of sockets) socket.terminate();
    },
  };
}
