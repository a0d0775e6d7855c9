import { rollbackPath } from "../../client/paths.ts";
import type { AgentDetail } from "../../model/api-agents.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";

export function rollback(context: Context) {
  return newApiCommand("rollback", {
    group: "operate",
    summary: "serve an earlier version again",
    description:
      "Serves an earlier version again, with its own files, packages and secrets. No request is dropped. `show` lists the versions.",
    examples: [
      ["rollback hello", "the version before"],
      ["rollback hello 3", "version 3; --version 3 is the same"],
    ],
  })
    .argument("<agent>", "id of the agent")
    .argument("[version]", "number of the version; without it the next older one", versionOf)
    .option("--version <version>", "the same number, as an option", versionOf)
    .action(async (agent, argument, options) => {
      const { out, err } = context;
      const version = argument ?? options.version;
      if (options.version !== undefined && options.version !== version)
        throw usageFailure(`two versions are named: ${argument} and ${options.version}.`);
      const client = await connect(context, options);
      const body = JSON.stringify({ version });
      const answer = await client.json<AgentDetail>(rollbackPath(agent), { method: "POST", body });
      if (options.json) return out.line(JSON.stringify(answer));
      err.line(`${err.paint("green", "Running")}: ${agent}, version ${answer.version}`);
    });
}

function versionOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw usageFailure(`${JSON.stringify(text)} is no version: they are numbered from 1.`);
}
