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

/** The network that an address is in, as programs write it: `10.0.0.5/24` is in `10.0.0.0/24`. */
export function networkOf(cidr: string): string {
  const [address = "", length = ""] = cidr.split("/");
  const isSix = isIPv6(address);
  const [bits, base, separator] = isSix ? ([16, 16, ":"] as const) : ([8, 10, "."] as const);
  const masked = (isSix ? groupsOf(address) : address.split(".")).map((part, index) => {
    const kept = Math.min(bits, Math.max(0, Number(length) - index * bits));
    const mask = (2 ** bits - 1) ^ (2 ** (bits - kept) - 1);
    return (Number.parseInt(part, base) & mask).toString(base);
  });
  const network = masked.join(separator);
  return `${isSix ? shortened(network) : network}/${length}`;
}

/** The eight groups of an address in IPv6, also of those that `::` stands for. */
function groupsOf(address: string): string[] {
  const [before = [], after] = shortened(address)
    .split("::")
    .map((part) => part.split(":").filter((group) => group !== ""));
  if (after === undefined) return before;
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after];
}

/** As RFC 5952 has it. */
function shortened(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

/**
 * Addresses that are not of the internet (RFC 6890), and one that looks so: 168.63.129.16, the host of a virtual machine
 * at Azure.
 */
export const NOT_PUBLIC: Readonly<Record<4 | 6, readonly string[]>> = {
  4: [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
  ],
  // Those with an IPv4 address inside are here as well: a translator on the way would send them there.
  6: [
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
  ],
};

export const ALL_NOT_PUBLIC: readonly string[] = [...NOT_PUBLIC[4], ...NOT_PUBLIC[6]];

/** The addresses by which a host reaches itself and no other machine does. */
export const LOOPBACK: readonly string[] = ["127.0.0.0/8", "::1"];
