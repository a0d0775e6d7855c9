import type { Socket } from "bun";

/** Pause between two bytes of one caller, milliseconds. */
const BYTE_EVERY_MS = 5_000;

/** Parts of that pause, in each of which other callers send. */
const TURNS = 100;

/** Connections that are opened at a time. */
const AT_ONCE = 50;

type SlowOptions = {
  url: string;
  count: number;
  /** What each caller sends at once; they are numbered from 0. */
  says: (caller: number) => string;
  /** What it sends now and then; undefined for one that only does not read. */
  adds: string | undefined;
  /** It adds nothing before it was answered: whoever asks for a WebSocket must wait for that. */
  waits?: boolean;
};

/** Callers that take their time, and never read. */
export async function createSlowCallers({ url, count, says, adds, waits = false }: SlowOptions) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const answered = new Set<Socket>();
  const open = async (caller: number) => {
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (it) => void answered.add(it),
        close: (it) => void sockets.delete(it),
        error: () => undefined,
      },
    });
    sockets.add(socket);
    socket.write(Buffer.from(says(caller), "latin1"));
    if (adds === undefined) socket.pause();
  };
  for (let first = 0; first < count; first += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, index) => open(first + index)),
    );
  let turn = 0;
  const timer = setInterval(() => {
    turn += 1;
    if (adds === undefined) return;
    // They do not speak in chorus.
    for (const [index, socket] of [...sockets].entries())
      if (index % TURNS === turn % TURNS && (!waits || answered.has(socket)))
        socket.write(Buffer.from(adds, "latin1"));
  }, BYTE_EVERY_MS / TURNS);
  return {
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const socket of sockets) socket.terminate();
    },
  };
}
