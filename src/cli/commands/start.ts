import { startPath } from "../../client/paths.ts";
import type { AgentDetail } from "../../model/api-agents.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";

export function start(context: Context) {
  return newApiCommand("start", {
    group: "operate",
    summary: "start an agent that was stopped or has failed",
    examples: [["start hello", "start the agent hello, and wait until it serves"]],
  })
    .argument("<agent>", "id of the agent")
    .action(async (agent, options) => {
      const { out, err } = context;
      const client = await connect(context, options);
      const answer = await client.json<AgentDetail>(startPath(agent), { method: "POST" });
      if (options.json) return out.line(JSON.stringify(answer));
      err.line(`${err.paint("green", "Running")}: ${agent}, version ${answer.version}`);
    });
}
