import type { RunningContainer } from "../docker/types.ts";

/** Nobody listens there: the address may be of a host whose other ports are somebody else's. */
const NO_PORT = 0;

/** Where a port of a container is reached from here: `http://address:port`. */
export function originOf({ address, ports }: RunningContainer, port: number): string {
  return `http://${address}:${ports === undefined ? port : (ports[port] ?? NO_PORT)}`;
}
