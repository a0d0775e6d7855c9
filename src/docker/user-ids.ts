import { readFile } from "node:fs/promises";

import type { FactsReader } from "./engine-facts.ts";
import type { UserIds } from "./types.ts";

/** The engine takes no larger one. */
const LARGEST = 2 ** 31 - 1;

/** In a user namespace there are as many ids as the host lends it, 65,536 by custom. */
const LARGEST_MAPPED = 65_535;

/** The ids of this process's own user namespace: lines of first id inside, first id outside, and how many. */
const ID_MAP = "/proc/self/uid_map";

/** Inside of an unprivileged system container the engine and the runner share its user namespace. */
export async function userIds(facts: FactsReader, idMap = ID_MAP): Promise<UserIds> {
  const { securityOptions } = await facts.read();
  const mapped = securityOptions.some((option) => /^name=(?:userns|rootless)(?:,|$)/.test(option));
  if (mapped) return { largest: LARGEST_MAPPED, mapped };
  const lines = (await readFile(idMap, "utf8").catch(() => "")).trim().split("\n");
  const ends = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const largest = Math.max(...ends.map(([first = 0, , count = LARGEST + 1]) => first + count - 1));
  return { largest: Math.min(largest, LARGEST), mapped };
}
