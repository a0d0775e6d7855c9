import { diskBudget } from "../../lib/disk-budget.ts";
import type { DiskSpace } from "./place.ts";

/** Of the budget, where a removal stops: the next deploy should not need another one. */
const LOW_WATER = 0.9;

/** Times the floor, below which room is made: before deploys are refused. */
const EARLY = 2;

/** After so long a count says nothing of now, milliseconds. */
const OLD_COUNT_MS = 3_600_000;

export type Marks = {
  /** Bytes that the runner may have on each disk; undefined for a share of it. */
  budgetBytes: number | undefined;
  /** Bytes that stay free on each disk. */
  floorBytes: number;
};

/** A disk, and what the runner has on it. */
export type DiskUse = DiskSpace & { own: number };

export type DiskStatus = "ok" | "over_budget" | "below_floor";

export function budgetOf({ total }: Pick<DiskSpace, "total">, { budgetBytes }: Marks): number {
  return diskBudget(total, budgetBytes);
}

/** Whether a disk is over a mark at which deploys are refused. */
export function statusOf(disk: Pick<DiskUse, "total" | "free" | "own">, marks: Marks): DiskStatus {
  if (disk.free < marks.floorBytes) return "below_floor";
  return disk.own > budgetOf(disk, marks) ? "over_budget" : "ok";
}

/** Bytes that a disk must get back; 0 while it is well. */
export function neededBytes(disk: Pick<DiskUse, "total" | "free" | "own">, marks: Marks): number {
  const budget = budgetOf(disk, marks);
  const over = disk.own > budget ? disk.own - Math.floor(budget * LOW_WATER) : 0;
  return Math.max(over, marks.floorBytes * EARLY - disk.free, 0);
}

/**
 * Whether a disk may be over a mark, told without a count: what the runner has there is no more than what everybody
 * has, nor than what it had at the last count with all that came since.
 */
export function mayBeOver(
  disk: DiskSpace,
  { last, now, marks }: { last: { at: number; disks: DiskUse[] } | undefined; now: number; marks: Marks },
): boolean {
  if (disk.free < marks.floorBytes * EARLY) return true;
  const budget = budgetOf(disk, marks);
  if (disk.used <= budget) return false;
  const before = last?.disks.find(({ path }) => path === disk.path);
  if (last === undefined || before === undefined || now - last.at > OLD_COUNT_MS) return true;
  return before.own + Math.max(0, disk.used - before.used) > budget;
}
