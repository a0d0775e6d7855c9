import { parseBytes } from "../../lib/bytes.ts";
import type { PruneReport } from "../../model/api-disk.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { count, size } from "../output/amounts.ts";
import { table } from "../output/table.ts";

export function prune(context: Context) {
  return newApiCommand("prune", {
    group: "operate",
    summary: "make room on the runner's disk, and say what went",
    description:
      "Removes what was left behind, and where the runner has more than its budget also build cache, images of old versions, and containers and images of agents that sleep, each time what was not used longest. Nothing that is in use goes; what goes is made again when it is needed. The runner does this by itself when there is need.",
    examples: [
      ["prune --dry-run", "see what would go"],
      ["prune", "do it"],
      ["prune --budget 10g", "leave the runner 10 GiB at most, this once"],
    ],
  })
    .option("--dry-run", "say what would go, and leave it")
    .option("--budget <size>", "for this once, in the place of OKEN_DISK_BUDGET: 512m, 10g")
    .action(async (options) => {
      const { out, err } = context;
      const body = { dry_run: options.dryRun ?? false, ...budgetOf(options.budget) };
      const client = await connect(context, options);
      const report = await client.json<PruneReport>("/disk/prune", {
        method: "POST",
        body: JSON.stringify(body),
      });
      if (options.json) return out.line(JSON.stringify(report));
      const rows = report.removed.map(({ name, agent_id, count: things, bytes }) => [
        things === 1 ? name : `${name}: ${count(things, "record")}`,
        agent_id ?? "-",
        size(bytes),
      ]);
      if (rows.length > 0)
        out.write(table(out, [report.dry_run ? "WOULD GO" : "REMOVED", "AGENT", "FREES"], rows));
      for (const line of summaryOf(report)) err.line(line);
    });
}

function budgetOf(text: string | undefined): { budget_bytes?: number } {
  if (text === undefined) return {};
  const bytes = parseBytes(text);
  if (bytes !== undefined) return { budget_bytes: bytes };
  throw usageFailure(`--budget is ${JSON.stringify(text)}.`, "Write a number of bytes, such as 512m or 10g.");
}

function summaryOf({ dry_run, removed, freed_bytes, disks }: PruneReport): string[] {
  const what =
    removed.length === 0
      ? "There is nothing to remove."
      : `${dry_run ? "It would free" : "Freed"} ${size(freed_bytes)}.`;
  const states = disks.map(
    ({ path, own_bytes, budget_bytes, free_bytes }) =>
      `${path}: the runner has ${size(own_bytes)} and may have ${size(budget_bytes)}; ${size(free_bytes)} are free.`,
  );
  return [what, ...states];
}
