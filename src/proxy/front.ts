import { createNetworkList } from "../lib/networks.ts";
import type { Front } from "./forwarded.ts";

/** @param trustedProxies addresses and networks, such as `10.0.0.0/8` */
export function createFront(options: { trustedProxies: string[]; publicUrl: URL | undefined }): Front {
  const list = createNetworkList(options.trustedProxies);
  return {
    trustsAnyone: options.trustedProxies.length > 0,
    trusts: (address) => list.has(address),
    publicUrl: options.publicUrl,
  };
}
