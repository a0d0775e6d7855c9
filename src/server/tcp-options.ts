import { FFIType, dlopen } from "bun:ffi";

import { LIBC } from "../lib/libc.ts";
import { readFile, readdir, readlink } from "node:fs/promises";

/** How long a caller may leave bytes of an answer untaken, milliseconds. */
const UNREAD_MS = 120_000;

/** After so many seconds of silence a caller's host is asked whether it is there, and then so often, so many times. */
const PROBE_AFTER_SECONDS = 60;
const PROBE_EVERY_SECONDS = 15;
const PROBES = 4;

/** `linux/in.h`, `linux/tcp.h` and `asm-generic/socket.h`: the level, the option and its value. */
const options = (unreadMs: number): [level: number, name: number, value: number][] => [
  [1, 9, 1], // SO_KEEPALIVE
  [6, 4, PROBE_AFTER_SECONDS], // TCP_KEEPIDLE
  [6, 5, PROBE_EVERY_SECONDS], // TCP_KEEPINTVL
  [6, 6, PROBES], // TCP_KEEPCNT
  [6, 18, unreadMs], // TCP_USER_TIMEOUT
];

/** The state of a socket that listens, in `/proc/net/tcp`. */
const LISTEN = "0A";

/**
 * Has the kernel end the connections of a port whose callers no longer read, or whose hosts are gone: connections have
 * the options of the socket that they came to. Bun can tell neither from an answer that is merely quiet. Without `/proc`
 * it does nothing.
 *
 * @returns how many sockets were found
 */
export async function endUnread(port: number, { unreadMs = UNREAD_MS } = {}): Promise<number> {
  const inodes = new Set(await listenersOn(port));
  const names = await readdir("/proc/self/fd").catch(() => []);
  const sockets = (await Promise.all(names.map(inodeOf))).filter(({ inode }) => inodes.has(inode));
  if (sockets.length === 0) return 0;
  const libc = dlopen(LIBC, {
    setsockopt: {
      args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
      returns: FFIType.i32,
    },
  });
  for (const { fd } of sockets)
    for (const [level, name, value] of options(unreadMs))
      libc.symbols.setsockopt(fd, level, name, new Uint32Array([value]), Uint32Array.BYTES_PER_ELEMENT);
  libc.close();
  return sockets.length;
}

async function listenersOn(port: number): Promise<string[]> {
  const tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
  const texts = await Promise.all(tables.map((path) => readFile(path, "utf8").catch(() => "")));
  return texts
    .join("\n")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTEN && portOf(local) === port)
    .flatMap((fields) => fields[9] ?? []);
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(":")[1] ?? "", 16);
}

async function inodeOf(fd: string): Promise<{ fd: number; inode: string }> {
  const target = await readlink(`/proc/self/fd/${fd}`).catch(() => "");
  return { fd: Number(fd), inode: /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "" };
}
