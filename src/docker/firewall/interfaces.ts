import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where the kernel lists the interfaces of this host. */
const INTERFACES = "/sys/class/net";

export function isInterface(name: string): boolean {
  return existsSync(join(INTERFACES, name));
}
