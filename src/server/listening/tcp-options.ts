import { FFIType, dlopen } from "bun:ffi";

import { LIBC } from "../../lib/libc.ts";
import { listeningAt } from "./listening-sockets.ts";

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

/**
 * Has the kernel end the connections of a port whose callers no longer read, or whose hosts are gone: connections have
 * the options of the socket that they came to. Bun can tell neither from an answer that is merely quiet. Without `/proc`
 * it does nothing.
 *
 * @returns how many sockets were found
 */
export async function endUnread(port: number, { unreadMs = UNREAD_MS } = {}): Promise<number> {
  const sockets = await listeningAt({ port });
  if (sockets.length === 0) return 0;
  const libc = dlopen(LIBC, {
    setsockopt: {
      args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
      returns: FFIType.i32,
    },
  });
  for (const fd of sockets)
    for (const [level, name, value] of options(unreadMs))
      libc.symbols.setsockopt(fd, level, name, new Uint32Array([value]), Uint32Array.BYTES_PER_ELEMENT);
  libc.close();
  return sockets.length;
}
