import { readFile } from "node:fs/promises";

import type { Clock } from "./clock.ts";

/** The kernel's count of the microseconds in which somebody waited for a CPU. */
const FILE = "/proc/pressure/cpu";

/** The part of the time since the last question, 0 to 1, in which somebody waited for a CPU of the host. */
export type CpuPressure = () => Promise<number>;

/** Where the kernel does not count it, somebody always waits. */
export function createCpuPressure({
  clock,
  file = FILE,
}: {
  clock: Pick<Clock, "monotonic">;
  file?: string;
}): CpuPressure {
  let before: { at: number; waitedMs: number } | undefined;
  return async () => {
    const text = await readFile(file, "utf8").catch(() => "");
    const total = /^some .*total=(\d+)$/m.exec(text)?.[1];
    if (total === undefined) return 1;
    const now = { at: clock.monotonic(), waitedMs: Number(total) / 1000 };
    const part = before === undefined ? 0 : (now.waitedMs - before.waitedMs) / (now.at - before.at);
    before = now;
    return Math.min(1, part);
  };
}
