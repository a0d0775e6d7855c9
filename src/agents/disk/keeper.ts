import { RunnerError } from "../../lib/errors.ts";
import type { AgentParts } from "../parts.ts";
import { type Count, type CountOptions, type CountParts, createCounting } from "./count.ts";
import { diskFull } from "./full.ts";
import { type Marks, mayBeOver, statusOf } from "./marks.ts";
import { chosenOf, prune } from "./prune.ts";
import type { RemoveParts } from "./remove.ts";
import { pruneReport, reportOf } from "./report.ts";
import { createSharedCount } from "./shared-count.ts";

/** After a pass that gave nothing, the next one of the interval waits so long, milliseconds. */
const RETRY_MS = 600_000;

/** A deploy that finds the disk full asks for no other pass so soon after the last, milliseconds. */
const RECENT_PASS_MS = 10_000;

/** How long a deploy waits for room, milliseconds; then it goes on, since nothing says that there is none. */
const ADMIT_MS = 60_000;

export type DiskKeeperParts = CountParts & RemoveParts & Pick<AgentParts, "metrics">;

export type DiskKeeperOptions = Marks & CountOptions;

export type PruneOptions = {
  /** Says what would go, and leaves it. */
  isDry: boolean;
  /** For this once, in the place of the budget. */
  budgetBytes?: number | undefined;
};

/** Keeps what the runner has on its disks within its marks. */
export type DiskKeeper = {
  /** As `GET /disk` answers it. Rejects with ENGINE_UNAVAILABLE when the engine does not answer. */
  report(): Promise<ReturnType<typeof reportOf>>;
  /** Makes room now; waits for a pass that is under way. */
  prune(options: PruneOptions): Promise<ReturnType<typeof pruneReport>>;
  /** Makes room where that is needed; a look at the disks says whether. Never rejects. */
  sweep(): Promise<void>;
  /** Makes room for a deploy. Rejects with DISK_FULL, and what takes the most, where that was not enough. */
  admit(): Promise<void>;
  /** The last count; undefined if there was none. */
  latest: () => Count | undefined;
};

export function createDiskKeeper(parts: DiskKeeperParts, options: DiskKeeperOptions): DiskKeeper {
  const { clock, log, metrics } = parts;
  const counting = createCounting(parts, options);
  const { recent, anew, latest } = createSharedCount(() => counting.count(), clock);
  let passing: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let last: { endedAt: number; freed: number } | undefined;

  /** One after the other. */
  const pass = (marks: Marks) => {
    waiting += 1;
    const mine = passing.then(async () => {
      const pruned = await prune({ ...parts, count: anew }, marks);
      const freed = pruned.removed.reduce((sum, it) => sum + it.freed, 0);
      for (const it of pruned.removed) metrics.diskPruned.inc({ part: it.chosen.part }, it.freed);
      if (pruned.removed.length > 0)
        log.info({ things: pruned.removed.length, freed_bytes: freed }, "made room on disk");
      last = { endedAt: clock.monotonic(), freed };
      return pruned;
    });
    passing = mine.catch(() => undefined).then(() => (waiting -= 1));
    return mine;
  };

  const mayNeedRoom = async () => {
    const disks = await counting.disks();
    return disks.some((disk) => mayBeOver(disk, { last: latest(), now: clock.now(), marks: options }));
  };

  /** What there is after a pass; undefined where that is not known. */
  const roomMade = async () => {
    await passing;
    const isRecent = last !== undefined && clock.monotonic() - last.endedAt < RECENT_PASS_MS;
    return (isRecent ? recent() : pass(options).then(({ after }) => after)).catch((error: unknown) => {
      log.warn({ err: error }, "could not make room on disk for a deploy");
      return undefined;
    });
  };

  const atMost = async <T>(ms: number, work: Promise<T>): Promise<T | undefined> => {
    const over = Promise.withResolvers<undefined>();
    const cancel = clock.timer(ms, () => over.resolve(undefined));
    return Promise.race([work, over.promise]).finally(cancel);
  };

  return {
    latest,
    report: async () => reportOf(await recent(), options),
    async prune({ isDry, budgetBytes = options.budgetBytes }) {
      const marks = { ...options, budgetBytes };
      if (!isDry) return pruneReport(await pass(marks), { marks: options, isDry });
      const count = await anew();
      const removed = chosenOf(count, marks).map((chosen) => ({ chosen, freed: chosen.candidate.frees }));
      return pruneReport({ removed, after: count }, { marks: options, isDry });
    },
    async sweep() {
      if (waiting > 0) return;
      try {
        const isInVain = last?.freed === 0 && clock.monotonic() - last.endedAt < RETRY_MS;
        if (!isInVain && (await mayNeedRoom())) await pass(options);
      } catch (error) {
        const isAway = error instanceof RunnerError && error.code === "ENGINE_UNAVAILABLE";
        if (!isAway) log.error({ err: error }, "could not look at what is on disk");
      }
    },
    async admit() {
      if (!(await mayNeedRoom())) return;
      const count = await atMost(ADMIT_MS, roomMade());
      const full = count?.disks.find((disk) => statusOf(disk, options) !== "ok");
      if (count !== undefined && full !== undefined) throw diskFull(full, { count, marks: options });
    },
  };
}
