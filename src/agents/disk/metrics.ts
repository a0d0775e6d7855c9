import type { Metrics } from "../../metrics/metrics.ts";
import type { Count } from "./count.ts";
import { PARTS } from "./entry.ts";
import { type Marks, budgetOf } from "./marks.ts";

/** Tells the metrics what the last count found. Before the first there are no samples. */
export function observeDisk(
  { read }: Pick<Metrics, "read">,
  latest: () => Count | undefined,
  marks: Marks,
): void {
  const part = (name: string, help: string, isWanted: (isInUse: boolean) => boolean) =>
    read({ name, help, labels: ["part"], type: "gauge" }, () => {
      const count = latest();
      if (count === undefined) return [];
      return PARTS.map((it) => {
        const own = count.entries.filter((entry) => entry.part === it && isWanted(entry.isInUse));
        return [{ part: it }, own.reduce((sum, { bytes }) => sum + bytes, 0)] as const;
      });
    });
  part(
    "oken_disk_used_bytes",
    "Bytes that the runner has on disk, by part, when they were last counted.",
    () => true,
  );
  part("oken_disk_in_use_bytes", "Those of them that are in use.", (isInUse) => isInUse);
  read(
    {
      name: "oken_disk_budget_bytes",
      help: "Bytes that the runner may have, by the disk of its data directory (`runner`) and, where that is another, of the engine.",
      labels: ["disk"],
      type: "gauge",
    },
    () =>
      (latest()?.disks ?? []).map(
        (disk) => [{ disk: disk.holds[0] ?? "runner" }, budgetOf(disk, marks)] as const,
      ),
  );
  read(
    {
      name: "oken_disk_counted_timestamp_seconds",
      help: "When what the runner has on disk was last counted, in seconds since the epoch.",
      labels: [],
      type: "gauge",
    },
    () => {
      const count = latest();
      return count === undefined ? [] : [[{}, count.at / 1000] as const];
    },
  );
}
