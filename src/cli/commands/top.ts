import type { Client } from "../../client/client.ts";
import { agentPath } from "../../client/paths.ts";
import type { AgentDetail, AgentList } from "../../model/api-agents.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { size } from "../output/amounts.ts";
import type { Output } from "../output/output.ts";
import { stateText } from "../output/state.ts";
import { table } from "../output/table.ts";

/** Agents asked for at the same time. */
const AT_ONCE = 16;

export function top(context: Context) {
  return newApiCommand("top", {
    group: "operate",
    summary: "show what the agents use, anew every two seconds",
    description:
      "Shows what the agents use, those with the most memory first; on a terminal until Ctrl-C, else once.",
    examples: [
      ["top", "until Ctrl-C"],
      ["top --json", "once, for a program"],
    ],
  }).action(async (options) => {
    const { out } = context;
    const client = await connect(context, options);
    if (options.json) return out.line(JSON.stringify({ agents: await usage(client) }));
    const { repeat } = await import("../output/repeat.ts");
    return await repeat(out, async () => usageText(out, await usage(client)));
  });
}

type Usage = {
  agent_id: string;
  status: AgentDetail["status"];
  memory_bytes: number;
  memory_limit_bytes: number;
  cpu_percent: number;
  in_flight: number;
  queued: number;
};

async function usage(client: Client): Promise<Usage[]> {
  const { agents } = await client.json<AgentList>("/agents");
  const found: Usage[] = [];
  for (let at = 0; at < agents.length; at += AT_ONCE) {
    const some = agents
      .slice(at, at + AT_ONCE)
      .map(({ agent_id }) => client.json<AgentDetail>(agentPath(agent_id)));
    // One that was removed meanwhile is left out.
    const details = await Promise.allSettled(some);
    found.push(...details.flatMap((it) => (it.status === "fulfilled" ? [usageOf(it.value)] : [])));
  }
  return found.sort((a, b) => b.memory_bytes - a.memory_bytes);
}

function usageOf({ agent_id, status, config, instances, queued }: AgentDetail): Usage {
  const sum = (of: (instance: AgentDetail["instances"][number]) => number) =>
    instances.reduce((total, instance) => total + of(instance), 0);
  return {
    agent_id,
    status,
    memory_bytes: sum(({ resources }) => resources?.memory_bytes ?? 0),
    memory_limit_bytes: config.memory * Math.max(1, instances.length),
    cpu_percent: Math.round(sum(({ resources }) => resources?.cpu_percent ?? 0) * 10) / 10,
    in_flight: sum(({ in_flight }) => in_flight),
    queued,
  };
}

function usageText(out: Output, agents: readonly Usage[]): string {
  const rows = agents.map((it) => [
    it.agent_id,
    stateText(out, it.status),
    it.memory_bytes === 0 ? "-" : `${size(it.memory_bytes)} of ${size(it.memory_limit_bytes)}`,
    it.memory_bytes === 0 ? "-" : `${it.cpu_percent} %`,
    String(it.in_flight),
    String(it.queued),
  ]);
  return table(out, ["ID", "STATE", "MEMORY", "CPU", "CALLS", "QUEUED"], rows);
}
