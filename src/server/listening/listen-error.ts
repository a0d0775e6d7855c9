import { lookup } from "node:dns/promises";

import { StartError } from "../../lib/start-error.ts";

type Address = { host: string; port: number; socket: string | undefined };

/** The addresses of a host. Throws StartError if it has none: Bun would say that the port is in use. */
export async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new StartError(
      `OKEN_HOST is ${JSON.stringify(host)}, but that name has no address; set OKEN_HOST or --host to an address of this machine.`,
      { cause: error },
    );
  }
}

/** The sentence that ends the start when the port could not be opened. Any other error is returned as it is. */
export function listenError(error: unknown, { host, port, socket }: Address): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (socket !== undefined && typeof code === "string")
    return new StartError(
      `OKEN_LISTEN is ${JSON.stringify(`unix:${socket}`)}, but the socket cannot be made there (${code}); its directory must exist, and this user must be allowed to write in it.`,
    );
  switch (code) {
    case "EADDRINUSE":
      return new StartError(
        `OKEN_PORT is ${port}, but another program listens on ${authority(host, port)}; choose another port with OKEN_PORT or --port.`,
      );
    case "EACCES":
      return new StartError(
        `OKEN_PORT is ${port}, but this user may not listen there; choose a port from 1024 up with OKEN_PORT or --port.`,
      );
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
      return new StartError(
        `OKEN_HOST is ${JSON.stringify(host)}, but this machine has no such address; set OKEN_HOST or --host to one that it has.`,
      );
    default:
      return error;
  }
}

/** `127.0.0.1:8000`, `[::1]:8000`. */
export function authority(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
