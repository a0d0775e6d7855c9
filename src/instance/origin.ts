import type { RunningContainer } from "../docker/types.ts";

/** Where a port of a container is reached from here: `http://address:port`. */
export function originOf({ address, ports }: RunningContainer, port: number): string {
  return `http://${address}:${ports?.[port] ?? port}`;
}
