import { FFIType, dlopen } from "bun:ffi";
import { open, readFile, readdir } from "node:fs/promises";

import { LIBC } from "../../lib/libc.ts";
import { listeningAt } from "./listening-sockets.ts";

/** `linux/eventpoll.h` and `linux/fcntl.h`. */
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const F_SETFL = 4;
const O_NONBLOCK = 0o4_000;
const O_CLOEXEC = 0o2_000_000;

/** Bytes of `struct epoll_event`, which is packed on x64 alone. */
const EVENT = process.arch === "x64" ? { length: 12, data: 4 } : { length: 16, data: 8 };

/** Where a server listens for a moment, until its socket is exchanged for one that is there already. */
export const NOWHERE = { host: "127.0.0.1", port: 0, socket: undefined };

/** How a process waits for what happens at a descriptor. */
type Watch = { epoll: number; events: number; data: bigint };

/** The socket that one of Bun's servers listens on. */
export type OpenSocket = {
  fd: number;
  /** Has the server listen on another socket, such as another process's. That stays open under its own number too. */
  replace(by: number): Promise<void>;
  /** Has the server listen no more. Its connections stay and so does a path, which Bun's `stop` does not promise. */
  leave(): Promise<void>;
};

/**
 * Bun serves no socket that is open already. So a server's socket is exchanged behind it: connections come to the same
 * number, of which Bun is told as before. Undefined where the kernel does not say how that is.
 */
export async function openSocketAt(at: { port: number } | { path: string }): Promise<OpenSocket | undefined> {
  for (const fd of await listeningAt(at)) {
    const watch = await watchOf(fd);
    if (watch !== undefined) return openSocket(fd, watch);
  }
  return undefined;
}

/** Has a server of Bun's that listens on a port listen on another socket than its own. */
export async function listenOn(socket: number, { port }: { port?: number | undefined }): Promise<void> {
  const own = await openSocketAt({ port: port ?? 0 });
  if (own === undefined) throw new Error("Bun's socket was not found");
  await own.replace(socket);
}

function openSocket(fd: number, watch: Watch): OpenSocket {
  const exchange = (by: number, change: (libc: Libc["symbols"]) => void) => {
    const libc = openLibc();
    // The kernel would go on telling of a socket that another process has too.
    libc.symbols.epoll_ctl(watch.epoll, EPOLL_CTL_DEL, fd, Buffer.alloc(EVENT.length));
    libc.symbols.dup3(by, fd, O_CLOEXEC);
    change(libc.symbols);
    libc.close();
  };
  return {
    fd,
    async replace(by) {
      const event = Buffer.alloc(EVENT.length);
      event.writeUInt32LE(watch.events, 0);
      event.writeBigUInt64LE(watch.data, EVENT.data);
      exchange(by, ({ epoll_ctl, fcntl }) => {
        // Bun accepts until nobody waits, and systemd passes sockets on which that call waits for the next one.
        fcntl(fd, F_SETFL, O_NONBLOCK);
        epoll_ctl(watch.epoll, EPOLL_CTL_ADD, fd, event);
      });
      if ((await watchOf(fd)) === undefined) throw new Error("the kernel did not take the socket");
    },
    async leave() {
      const nothing = await open("/dev/null");
      exchange(nothing.fd, () => undefined);
      await nothing.close();
    },
  };
}

type Libc = ReturnType<typeof openLibc>;

function openLibc() {
  return dlopen(LIBC, {
    epoll_ctl: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
    fcntl: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    dup3: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  });
}

async function watchOf(fd: number): Promise<Watch | undefined> {
  for (const name of await readdir("/proc/self/fdinfo").catch(() => [])) {
    const text = await readFile(`/proc/self/fdinfo/${name}`, "utf8").catch(() => "");
    for (const [, target, events = "", data = ""] of text.matchAll(
      /^tfd: +(\d+) events: +([0-9a-f]+) data: +([0-9a-f]+)/gm,
    ))
      if (Number(target) === fd)
        return { epoll: Number(name), events: Number.parseInt(events, 16), data: BigInt(`0x${data}`) };
  }
  return undefined;
}
