import type { AgentList } from "../../model/api-agents.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { ago } from "../output/ago.ts";
import { table } from "../output/table.ts";

export function ps(context: Context) {
  return newApiCommand("ps", {
    group: "operate",
    summary: "list the agents",
    examples: [
      ["ps", "every agent with its state"],
      ["ps --json", "the same for a program"],
    ],
  }).action(async (options) => {
    const { out, err } = context;
    const answer = await connect(context, options).json<AgentList>("/agents");
    if (options.json) return out.line(JSON.stringify(answer));
    if (answer.agents.length === 0) return err.line("No agents yet. Make one with: oken-runner init hello");
    const rows = answer.agents.map(({ agent_id, name, status, created_at, last_invoked }) => [
      agent_id,
      status,
      ago(created_at),
      last_invoked === null ? "never" : ago(last_invoked),
      name,
    ]);
    out.write(table(out, ["ID", "STATE", "CREATED", "INVOKED", "NAME"], rows));
  });
}
