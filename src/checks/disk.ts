import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";

import { MiB } from "../lib/bytes.ts";
import type { Check } from "./check.ts";

/** Free bytes below which a deploy would soon fail. */
const DISK_FLOOR = 64 * MiB;

/** The data directory, which must take what a deploy writes. */
export function diskCheck(dataDir: string): Check {
  return {
    name: "disk",
    async look() {
      await access(dataDir, constants.W_OK);
      const { bavail, bsize } = await statfs(dataDir);
      const free = Math.floor((bavail * bsize) / MiB);
      if (bavail * bsize >= DISK_FLOOR)
        return { state: "ok", found: `${free} MiB are free in the data directory` };
      return {
        state: "failed",
        found: `Only ${free} MiB are free in the data directory`,
        advice: "remove what is no longer needed",
      };
    },
  };
}
