/** Gigabytes to and from an agent of `large.ts`. */
import type { Socket } from "bun";

const GIGABYTE = 1024 ** 3;
const PIECE = new Uint8Array(256 * 1024);

/** How long slow readers hold what they asked for, milliseconds: after this nothing more flows. */
const HOLD_MS = 4_000;

export async function download(url: string): Promise<void> {
  const { body } = await fetch(`${url}/gigabyte`, { proxy: "" });
  let bytes = 0;
  for await (const piece of body ?? []) bytes += piece.length;
  if (bytes !== GIGABYTE) throw new Error(`${bytes} bytes came`);
}

/** In chunks, as a body of unknown length. */
export async function upload(url: string): Promise<void> {
  let left = GIGABYTE;
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(PIECE);
      left -= PIECE.length;
      if (left === 0) controller.close();
    },
  });
  const response = await fetch(`${url}/count`, { method: "POST", body, proxy: "" });
  const counted = await response.text();
  if (counted !== String(GIGABYTE)) throw new Error(`the agent counted ${counted} bytes`);
}

/** Callers who ask for a gigabyte and read nothing of it. */
export async function holdDownloads(url: string, count: number): Promise<void> {
  const { hostname, port, pathname, host } = new URL(url);
  const open = () =>
    Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => void socket.write(`GET ${pathname}/gigabyte HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
        data: (socket) => socket.pause(),
      },
    });
  const sockets: Socket[] = await Promise.all(Array.from({ length: count }, open));
  await Bun.sleep(HOLD_MS);
  for (const socket of sockets) socket.terminate();
}
