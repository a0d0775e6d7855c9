import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { sinceTime } from "../since.ts";

export function logs(context: Context) {
  return newApiCommand("logs", {
    group: "author",
    summary: "print what an agent has printed",
    description:
      "Prints the last lines that an agent has printed, of a stopped one too. With -f it goes on through sleeps and deploys, until the agent is stopped. With --json each line is an object with its time, level, stream and request.",
    examples: [
      ["logs hello", "the last 100 lines"],
      ["logs hello -f", "and new ones as they come, until Ctrl-C"],
      ["logs hello --since 10m --json", "of the last ten minutes, for a program"],
      ["logs hello --request 0e9d3c5a-7f1b-4c53-8a55-5d2b7f0c9a11", "of one call, by its X-Request-Id"],
    ],
  })
    .argument("<agent>", "id of the agent")
    .option("-f, --follow", "go on with new lines as they come")
    .option("-n, --tail <lines>", "how many lines back, 1 to 10000", tailOf)
    .option(
      "--since <time>",
      "lines from then on: 30s, 10m, 2h, 1d, or a time such as 2026-01-31T09:30Z",
      sinceTime,
    )
    .option("--request <id>", "lines of this request alone")
    .action(async (agent, options) => {
      const { printLogs } = await import("../logs/print.ts");
      await printLogs(context, await connect(context, options), { agent, ...options });
    });
}

function tailOf(text: string): number {
  const lines = Number(text);
  if (/^\d{1,5}$/.test(text) && lines >= 1 && lines <= 10_000) return lines;
  throw usageFailure(`--tail is ${JSON.stringify(text)}, but must be a whole number from 1 to 10000.`);
}
