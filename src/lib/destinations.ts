import { BlockList, isIP } from "node:net";

import { networkOf } from "./networks.ts";

/** A network, which may be one address, and one port of it or all. */
export type Destination = { address: string; length: number; port: number | undefined };

/** What {@link parseDestination} takes. */
export const DESTINATION_FORMS =
  "an address or a network with a port or without, such as 10.0.0.5:5432 or 10.1.0.0/16";

const FORM = /^(?:\[([0-9a-fA-F:.]+)\](?:\/(\d{1,3}))?|([0-9.]+)(?:\/(\d{1,2}))?)(?::(\d{1,5}))?$/;

/**
 * `10.0.0.5:5432`, `10.1.0.0/16`, `[fd00::5]:80`, `fd00::5`. Of `10.1.2.3/16` its network, since that is what it opens.
 * Undefined for anything else, such as an address with the name of an interface.
 */
export function parseDestination(text: string): Destination | undefined {
  if (text.includes("%")) return undefined;
  if (isIP(text) === 6) return parseDestination(`[${text}]`);
  const [, six, sixLength, four, fourLength, portText] = FORM.exec(text) ?? [];
  const address = (six ?? four)?.toLowerCase();
  if (address === undefined || isIP(address) !== (six === undefined ? 4 : 6)) return undefined;
  const most = six === undefined ? 32 : 128;
  const length = Number(sixLength ?? fourLength ?? most);
  const port = portText === undefined ? undefined : Number(portText);
  if (length < 1 || length > most || (port !== undefined && (port < 1 || port > 65_535))) return undefined;
  const [network = ""] = networkOf(`${address}/${length}`).split("/");
  return { address: network, length, port };
}

/** Whether all that is open by `inner` is open by `outer`. */
export function covers(outer: Destination, inner: Destination): boolean {
  const family = isIP(outer.address);
  if (isIP(inner.address) !== family || inner.length < outer.length) return false;
  if (outer.port !== undefined && outer.port !== inner.port) return false;
  const network = new BlockList();
  const version = family === 4 ? "ipv4" : "ipv6";
  network.addSubnet(outer.address, outer.length, version);
  return network.check(inner.address, version);
}

/** As {@link parseDestination} takes it. */
export function showDestination({ address, length, port }: Destination): string {
  const isSix = isIP(address) === 6;
  const host = isSix ? `[${address}]` : address;
  const network = length === (isSix ? 128 : 32) ? host : `${host}/${length}`;
  return port === undefined ? network : `${network}:${port}`;
}
