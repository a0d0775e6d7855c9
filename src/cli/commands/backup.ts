import { resolve } from "node:path";

import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { size } from "../output/amounts.ts";
import { addSettings, loadSettings } from "../settings.ts";

export function backup(context: Context) {
  const command = newCommand("backup", {
    group: "host",
    summary: "write all agents into one file, also while the runner is at work",
    description:
      "Writes the state of the data directory into a .tar.gz: every agent with its versions, its files and its secrets. Only you can read it. Images are not in it: they are built again, with the same packages. A key of the secrets is a file of yours and not in it either.",
    examples: [
      ["backup --data-dir /var/lib/oken oken-backup.tar.gz", "all of it"],
      ["restore --data-dir /var/lib/oken oken-backup.tar.gz", "back into an empty directory"],
    ],
  }).argument("<file>", "the file to write; it must not exist");
  return addSettings(command, ["OKEN_DATA_DIR"]).action(
    async (file: string, options: Record<string, unknown>) => {
      const { backup: write } = await import("../../host/backup.ts");
      const { agents, bytes } = await write(
        loadSettings(context, options).dataDir,
        resolve(context.directory, file),
      );
      context.err.line(`Wrote ${agents} ${agents === 1 ? "agent" : "agents"}, ${size(bytes)}, to ${file}.`);
    },
  );
}
