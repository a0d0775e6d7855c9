/** Readers of event streams, over plain sockets: `fetch` would hold more memory than what is measured. */
import type { Socket } from "bun";

/** Bun's server lets 512 connections wait to be accepted. */
const AT_ONCE = 64;

export type EventStreams = Disposable & {
  /** Streams that the other side has ended, which none should be. */
  ended(): number;
};

/** Opens so many streams, on each url in turn, and waits for the first event of each. `onEvent` has the later ones. */
export async function openStreams(
  urls: string[],
  { count, onEvent = () => undefined }: { count: number; onEvent?: (data: string) => void },
): Promise<EventStreams> {
  const sockets: Socket[] = [];
  let ended = 0;
  const onEnd = () => {
    ended += 1;
  };
  while (sockets.length < count) {
    const next = Math.min(AT_ONCE, count - sockets.length);
    const opening = Array.from({ length: next }, (_, index) =>
      openStream(urls[(sockets.length + index) % urls.length] ?? "", { onEvent, onEnd }),
    );
    sockets.push(...(await Promise.all(opening)));
  }
  return {
    ended: () => ended,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

async function openStream(
  url: string,
  { onEvent, onEnd }: { onEvent: (data: string) => void; onEnd: () => void },
): Promise<Socket> {
  const { hostname, port, pathname, host } = new URL(url);
  const begun = Promise.withResolvers<void>();
  let rest = "";
  let isBegun = false;
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (it) =>
        void it.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`),
      data(_, bytes) {
        const blocks = (rest + bytes.toString("latin1")).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) {
          if (isBegun) onEvent(block.slice(block.indexOf("data: ") + "data: ".length));
          else if (block.includes("200 OK")) begun.resolve();
          else begun.reject(new Error(block));
          isBegun = true;
        }
      },
      close() {
        begun.reject(new Error(`${url} closed the connection`));
        onEnd();
      },
    },
  });
  await begun.promise;
  return socket;
}
