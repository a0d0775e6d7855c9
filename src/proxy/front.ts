import { BlockList, isIPv6 } from "node:net";

import type { Front } from "./forwarded.ts";

/** @param trustedProxies addresses and networks, such as `10.0.0.0/8` */
export function createFront(options: { trustedProxies: string[]; publicUrl: URL | undefined }): Front {
  const list = new BlockList();
  for (const network of options.trustedProxies) {
    const [address = "", length] = network.split("/");
    if (length === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(length), familyOf(address));
  }
  const trustsAnyone = options.trustedProxies.length > 0;
  return {
    trustsAnyone,
    trusts: (address) => trustsAnyone && list.check(address, familyOf(address)),
    publicUrl: options.publicUrl,
  };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}
