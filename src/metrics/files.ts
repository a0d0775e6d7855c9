import { readFile, readdir, statfs } from "node:fs/promises";

import type { Metrics } from "./metrics.ts";

/** Adds figures of the data directory's disk and of the process's descriptors. What cannot be read has no sample. */
export function observeFiles({ read }: Pick<Metrics, "read">, dataDir: string): void {
  const gauge = (name: string, help: string, look: () => Promise<number>) =>
    read({ name, help, labels: [], type: "gauge" }, () =>
      look().then(
        (value) => (Number.isNaN(value) ? [] : [[{}, value] as const]),
        () => [],
      ),
    );
  gauge(
    "oken_data_disk_free_bytes",
    "Bytes that may still be written on the disk of the data directory.",
    async () => {
      const { bavail, bsize } = await statfs(dataDir);
      return bavail * bsize;
    },
  );
  gauge("oken_data_disk_size_bytes", "Size of the disk of the data directory.", async () => {
    const { blocks, bsize } = await statfs(dataDir);
    return blocks * bsize;
  });
  gauge("process_open_fds", "Descriptors that the process has open.", async () => {
    return (await readdir("/proc/self/fd")).length;
  });
  gauge("process_max_fds", "Most descriptors that the process may have open.", async () => {
    const limits = await readFile("/proc/self/limits", "utf8");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
  });
}
