import type { CacheRecord } from "../../model/engine-disk.ts";

export type Evictable = { id: string; bytes: number; lastUsed: number };

type Branch = { isHeld: boolean; lastUsed: number; height: number };

/**
 * The records that may go, least recently used first. A record stays as long as another stands on it, and was used when
 * that was used: so whoever takes some from the front takes none without those on it. What images share gives nothing.
 */
export function evictable(records: readonly CacheRecord[]): Evictable[] {
  const children = new Map<string, CacheRecord[]>();
  for (const record of records)
    for (const parent of record.parents) children.set(parent, [...(children.get(parent) ?? []), record]);

  const branches = new Map<string, Branch>();
  const branchOf = (record: CacheRecord): Branch => {
    const known = branches.get(record.id);
    if (known !== undefined) return known;
    const branch = { isHeld: record.isInUse || record.isShared, lastUsed: record.lastUsed, height: 0 };
    branches.set(record.id, branch);
    for (const child of (children.get(record.id) ?? []).map(branchOf)) {
      branch.isHeld ||= child.isHeld;
      branch.lastUsed = Math.max(branch.lastUsed, child.lastUsed);
      branch.height = Math.max(branch.height, child.height + 1);
    }
    return branch;
  };

  return records
    .map((record) => ({ record, branch: branchOf(record) }))
    .filter(({ branch }) => !branch.isHeld)
    .sort((a, b) => a.branch.lastUsed - b.branch.lastUsed || a.branch.height - b.branch.height)
    .map(({ record, branch }) => ({ id: record.id, bytes: record.bytes, lastUsed: branch.lastUsed }));
}
