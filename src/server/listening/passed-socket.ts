import { StartError } from "../../lib/start-error.ts";
import type { InheritedSocket } from "./listen.ts";
import { placeOfSocket } from "./listening-sockets.ts";

/** The first of the descriptors that a service manager passes, sd_listen_fds(3). */
const FIRST_DESCRIPTOR = 3;

/** A socket that a service manager holds for this process, and where it listens. */
export type PassedSocket = InheritedSocket & {
  at: { host?: string; port?: number; socket: string | undefined };
};

/**
 * The socket that systemd has passed to this process, as sd_listen_fds(3) says; undefined if there is none. Throws
 * StartError for what cannot be served.
 */
export async function takePassedSocket(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PassedSocket | undefined> {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  // What this process starts has the variables too, and another number.
  if (LISTEN_FDS === undefined || Number(LISTEN_PID) !== process.pid) return undefined;
  if (LISTEN_FDS !== "1")
    throw new StartError(`LISTEN_FDS is ${JSON.stringify(LISTEN_FDS)}, but the runner serves one socket.`);
  const place = await placeOfSocket(FIRST_DESCRIPTOR);
  if (place === undefined)
    throw new StartError(
      "The socket that was passed by LISTEN_FDS does not listen. Let it have Accept=no and ListenStream.",
    );
  const [port, at] =
    "path" in place ? [0, { socket: place.path }] : [place.port, { ...place, socket: undefined }];
  return { fd: FIRST_DESCRIPTOR, port, isHeld: true, at };
}
