import { agentPath } from "../../client/paths.ts";
import type { AgentDetail } from "../../model/api-agents.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";

export function show(context: Context) {
  return newApiCommand("show", {
    group: "operate",
    summary: "show an agent: what it serves, its versions, and its last error",
    examples: [
      ["show hello", "the agent hello"],
      ["show hello --json | jq .versions", "a part of it, for a program"],
    ],
  })
    .argument("<agent>", "id of the agent")
    .action(async (agent, options) => {
      const client = await connect(context, options);
      const detail = await client.json<AgentDetail>(agentPath(agent));
      if (options.json) return context.out.line(JSON.stringify(detail));
      const { agentText } = await import("../output/agent-text.ts");
      context.out.write(agentText(context.out, client.address.shown, detail));
    });
}
