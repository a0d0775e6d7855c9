import { agentPath } from "../../client/paths.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { Failure, usageFailure } from "../failure.ts";

export function rm(context: Context) {
  return newApiCommand("rm", {
    group: "operate",
    summary: "remove an agent: containers, images, files and secrets",
    examples: [
      ["rm hello", "ask, then remove the agent hello"],
      ["rm hello --yes", "remove it without a question, in a script"],
    ],
  })
    .argument("<agent>", "id of the agent")
    .option("-y, --yes", "do not ask")
    .action(async (agent, options) => {
      const { out, err, input } = context;
      if (!options.yes) {
        if (!input.isTerminal) throw usageFailure("there is no terminal to ask on.", "Say --yes.");
        const isSure = await input.confirm(`Remove ${agent} with its versions and secrets?`);
        if (!isSure) throw new Failure("nothing was removed.");
      }
      const client = await connect(context, options);
      await client.send(agentPath(agent), { method: "DELETE" });
      if (options.json) return out.line(JSON.stringify({ agent_id: agent, removed: true }));
      err.line(`Removed: ${agent}`);
    });
}
