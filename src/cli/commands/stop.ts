import { stopPath } from "../../client/paths.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { showNext } from "../output/next.ts";

export function stop(context: Context) {
  return newApiCommand("stop", {
    group: "operate",
    summary: "stop an agent; calls are refused until it is started",
    examples: [["stop hello", "stop the agent hello"]],
  })
    .argument("<agent>", "id of the agent")
    .action(async (agent, options) => {
      const { out, err } = context;
      const client = await connect(context, options);
      const answer = await client.json<object>(stopPath(agent), { method: "POST" });
      if (options.json) return out.line(JSON.stringify(answer));
      err.line(`Stopped: ${agent}`);
      showNext(err, options, `start ${agent}`);
    });
}
