import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";

import type { Engine } from "../docker/types.ts";
import { undefinedIfMissing } from "../lib/files.ts";
import type { Check } from "./check.ts";

/** The place of the data directory, which may not have been made. */
export function dataDirCheck(dataDir: string): Check {
  return {
    name: "data-dir",
    async look() {
      const place = await nearestThatExists(dataDir);
      await access(place, constants.R_OK | constants.W_OK | constants.X_OK);
      const isThere = place === dataDir;
      if (!(await stat(place)).isDirectory())
        return {
          state: "failed",
          found: `${place} is not a directory`,
          advice: "choose another with OKEN_DATA_DIR",
        };
      return {
        state: "ok",
        found: isThere ? `${dataDir} can be written` : `${dataDir} is made at the first start`,
      };
    },
  };
}

/** The agents' network of a runner that need not have started, and what its firewall needs. */
export function plannedNetworkCheck(
  engine: Pick<Engine, "networkExists">,
  {
    isUncontainedAllowed,
    firewallImage,
  }: { isUncontainedAllowed: boolean; firewallImage: string | undefined },
): Check {
  return {
    name: "network",
    async look() {
      const isThere = await engine.networkExists();
      const lacking = firewallImage === undefined ? lackingHere() : undefined;
      if (lacking === undefined)
        return {
          state: "ok",
          found: `${isThere ? "The agents' network is there" : "A start makes the agents' network"}, and the firewall can be changed`,
        };
      if (isUncontainedAllowed)
        return { state: "ok", found: `${lacking}, and agents run without containment, as you allowed` };
      return {
        state: "failed",
        found: `${lacking}, so nothing would keep agents from this host`,
        advice:
          "install what is missing and run as root, or set OKEN_FIREWALL_IMAGE or OKEN_ALLOW_UNCONTAINED=yes",
      };
    },
  };
}

/** Why this process cannot change the firewall of its host, as the beginning of a sentence. */
function lackingHere(): string | undefined {
  if (process.getuid?.() !== 0) return "Only root may change the firewall";
  if (Bun.which("iptables") === null && Bun.which("nft") === null)
    return "There is no iptables and no nft on PATH";
  if (Bun.which("ip") === null) return "There is no ip on PATH";
  return undefined;
}

/** The path itself, or the directory above it that a start would make it in. */
export async function nearestThatExists(path: string): Promise<string> {
  const found = await stat(path).catch(undefinedIfMissing);
  return found !== undefined || dirname(path) === path ? path : nearestThatExists(dirname(path));
}
