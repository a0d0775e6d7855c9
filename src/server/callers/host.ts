import { isIPv4, isIPv6 } from "node:net";

/** The name or address in `Host`, in lower case, without the port and the dot that a full name may end with. */
export function hostName(host: string): string {
  const end = host.startsWith("[") ? host.indexOf("]") + 1 : host.indexOf(":");
  const name = (end > 0 ? host.slice(0, end) : host).toLowerCase();
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

/** Hosts that are remembered to be good: a runner has few names, and each may come with some ports. */
const MOST_REMEMBERED = 64;

/** Whether a page cannot have given us this `Host`: an address, a name of the caller's own host, or one of `names`. */
export function createHostCheck(names: Iterable<string>): (host: string) => boolean {
  const known = new Set(names);
  const good = new Set<string>();
  return (host) => {
    if (good.has(host)) return true;
    const name = hostName(host);
    if (!known.has(name) && !isNobodysName(name)) return false;
    if (good.size < MOST_REMEMBERED) good.add(host);
    return true;
  };
}

function isNobodysName(name: string): boolean {
  return isIPv4(name) || isLocalName(name) || (name.startsWith("[") && isIPv6(name.slice(1, -1)));
}

/** Whether the name or address is the loopback's. */
export function isLoopback(name: string): boolean {
  return isLocalName(name) || name === "[::1]" || (name.startsWith("127.") && isIPv4(name));
}

/** RFC 6761 section 6.3. */
function isLocalName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}
