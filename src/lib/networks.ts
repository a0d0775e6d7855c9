import { BlockList, isIPv6 } from "node:net";

export type NetworkList = {
  /** Whether an address is one of the list's or in one of its networks. IPv4 may be written as IPv6. */
  has(address: string): boolean;
};

/** @param networks addresses and networks, such as `10.0.0.0/8` */
export function createNetworkList(networks: readonly string[]): NetworkList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", length] = network.split("/");
    if (length === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(length), familyOf(address));
  }
  return { has: (address) => networks.length > 0 && list.check(address, familyOf(address)) };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

/** The addresses by which a host reaches itself and no other machine does. */
export const LOOPBACK: readonly string[] = ["127.0.0.0/8", "::1"];
