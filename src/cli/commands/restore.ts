import { resolve } from "node:path";

import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { noFile } from "../failure.ts";
import { addSettings, loadSettings } from "../settings.ts";

export function restore(context: Context) {
  const command = newCommand("restore", {
    group: "host",
    summary: "put a backup into an empty data directory",
    description:
      "Puts what backup has written into a data directory that has no state yet, whole or not at all. The runner that starts there is the one that was backed up: its images are built again with the first call of each agent.",
    examples: [["restore --data-dir /var/lib/oken oken-backup.tar.gz", "before the first start there"]],
  }).argument("<file>", "what backup has written");
  return addSettings(command, ["OKEN_DATA_DIR"]).action(
    async (file: string, options: Record<string, unknown>) => {
      const { restore: read } = await import("../../host/restore.ts");
      const { dataDir } = loadSettings(context, options);
      const path = resolve(context.directory, file);
      if (!(await Bun.file(path).exists())) throw noFile(path);
      const { agents } = await read(path, dataDir);
      context.err.line(
        `Restored ${agents} ${agents === 1 ? "agent" : "agents"}. Start them with: oken-runner serve --data-dir ${dataDir}`,
      );
    },
  );
}
