import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Whether what goes from one container to another of the same bridge meets the firewall at all. */
const DIRECTORY = "/proc/sys/net/bridge";

/**
 * The setting of the kernel that lets packets between containers of one bridge past the firewall; undefined if none does.
 * The engine sets both as it makes a network; other programs have them back at the next change of the host's settings.
 */
export async function unfilteredBridges(
  { hasIPv6 }: { hasIPv6: boolean },
  directory = DIRECTORY,
): Promise<string | undefined> {
  for (const name of ["bridge-nf-call-iptables", ...(hasIPv6 ? ["bridge-nf-call-ip6tables"] : [])]) {
    // Without the file it is the engine's to say that it cannot keep containers apart.
    const value = await readFile(join(directory, name), "utf8").catch(() => "");
    if (value.trim() === "0") return `net.bridge.${name}`;
  }
  return undefined;
}
