import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";

import { MiB, showBytes } from "../lib/bytes.ts";
import { diskBudget } from "../lib/disk-budget.ts";
import type { Check } from "./check.ts";

/** Free bytes below which a deploy would soon fail. */
const DISK_FLOOR = 64 * MiB;

/** The data directory, which must take what a deploy writes. `budgetBytes` is what the operator lets the runner have. */
export function diskCheck(dataDir: string, budgetBytes?: number): Check {
  return {
    name: "disk",
    async look() {
      await access(dataDir, constants.W_OK);
      const { blocks, bavail, bsize } = await statfs(dataDir);
      const free = showBytes(bavail * bsize);
      const budget = showBytes(diskBudget(blocks * bsize, budgetBytes));
      if (bavail * bsize >= DISK_FLOOR)
        return {
          state: "ok",
          found: `${free} are free in the data directory, and the runner keeps to ${budget} there`,
        };
      return {
        state: "failed",
        found: `Only ${free} are free in the data directory`,
        advice: "remove what is no longer needed: oken-runner prune does, and says what takes room",
      };
    },
  };
}
