import { readFileSync } from "node:fs";

/** How many files a process of this shell may have open. */
export function openFileLimit(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  return Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? 1024);
}
