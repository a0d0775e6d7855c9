/** Ports of an `http` agent: its own server's, and its runtime's. */
export const STAND_IN_PORTS = [8080, 7999];

/** Loopback addresses of their own, as containers have. */
export function standInAddress(index: number): string {
  return `127.83.0.${index + 1}`;
}
