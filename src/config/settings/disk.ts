import { GiB, MiB } from "../../lib/bytes.ts";
import { parseSize } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** How much of the disk may be used. */
export const DISK_SETTINGS = {
  diskBudget: setting<number | undefined>({
    env: "OKEN_DISK_BUDGET",
    group: "Disk",
    help: "most bytes that the runner may have on a disk: images, containers, volumes, build cache, source, logs; over it, what was not used longest goes",
    default: undefined,
    shown: "80 % of it",
    parse: parseSize({ min: GiB / 4 }),
  }),
  minFreeBytes: setting({
    env: "OKEN_MIN_FREE_BYTES",
    group: "Disk",
    help: "free bytes on the disks of the data directory and of the engine below which deploys are refused and builds end",
    default: 256 * MiB,
    shown: "256m",
    parse: parseSize({ min: 0 }),
  }),
} satisfies Record<string, Setting>;
