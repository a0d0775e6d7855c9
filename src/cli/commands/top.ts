import type { Client } from "../../client/client.ts";
import type { AgentList } from "../../model/api-agents.ts";
import type { StatsList } from "../../model/api-stats.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { size, took } from "../output/amounts.ts";
import type { Output } from "../output/output.ts";
import { stateText } from "../output/state.ts";
import { table } from "../output/table.ts";

export function top(context: Context) {
  return newApiCommand("top", {
    group: "operate",
    summary: "show what the agents do and use, anew every two seconds",
    description:
      "Shows what the agents did in the last minute and use now, those with the most memory first; on a terminal until Ctrl-C, else once.",
    examples: [
      ["top", "until Ctrl-C"],
      ["top --json", "once, for a program"],
    ],
  }).action(async (options) => {
    const { out } = context;
    const client = await connect(context, options);
    if (options.json) return out.line(JSON.stringify(await client.json<StatsList>("/stats")));
    const { repeat } = await import("../output/repeat.ts");
    return await repeat(out, () => usageText(out, client));
  });
}

async function usageText(out: Output, client: Client): Promise<string> {
  const [stats, list] = await Promise.all([
    client.json<StatsList>("/stats"),
    client.json<AgentList>("/agents"),
  ]);
  const states = new Map(list.agents.map(({ agent_id, status }) => [agent_id, status]));
  const rows = stats.agents
    .toSorted((a, b) => (b.memory_bytes ?? 0) - (a.memory_bytes ?? 0))
    .map((it) => [
      it.agent_id,
      stateText(out, states.get(it.agent_id)),
      it.memory_bytes === null ? "-" : size(it.memory_bytes),
      String(it.requests_per_second),
      it.p50_ms === null ? "-" : took(it.p50_ms),
      it.p99_ms === null ? "-" : took(it.p99_ms),
      String(it.errors),
      String(it.in_flight),
      String(it.queued),
    ]);
  return table(out, ["ID", "STATE", "MEMORY", "CALLS/S", "P50", "P99", "ERRORS", "INSIDE", "QUEUED"], rows);
}
