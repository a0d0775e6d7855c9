import { createNetworkList } from "../lib/networks.ts";
import type { Front } from "./forwarded.ts";

type FrontOptions = {
  /** Addresses and networks, such as `10.0.0.0/8`. */
  trustedProxies: string[];
  publicUrl: URL | undefined;
  listen: { socket: string | undefined; tls: object | undefined };
};

export function createFront({ trustedProxies, publicUrl, listen }: FrontOptions): Front {
  const list = createNetworkList(trustedProxies);
  const isSecure = publicUrl === undefined ? listen.tls !== undefined : publicUrl.protocol === "https:";
  return {
    trustsAnyone: trustedProxies.length > 0,
    trusts: (address) => list.has(address),
    publicUrl,
    proto: isSecure ? "https" : "http",
    // Whoever may open the socket is on this host.
    socketPeer: listen.socket === undefined ? undefined : "127.0.0.1",
  };
}
