import type { AgentList } from "../../model/api-agents.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { ago } from "../output/ago.ts";
import type { Output } from "../output/output.ts";
import { plainLine } from "../output/safe-line.ts";
import { stateText } from "../output/state.ts";
import { table } from "../output/table.ts";

export function ps(context: Context) {
  return newApiCommand("ps", {
    group: "operate",
    summary: "list the agents",
    examples: [
      ["ps", "every agent with its state"],
      ["ps --watch", "the same, anew every two seconds"],
      ["ps --json", "for a program"],
    ],
  })
    .option("-w, --watch", "on a terminal, go on until Ctrl-C")
    .action(async (options) => {
      const { out, err } = context;
      const client = await connect(context, options);
      const list = () => client.json<AgentList>("/agents");
      if (options.json) return out.line(JSON.stringify(await list()));
      if (options.watch) {
        const { repeat } = await import("../output/repeat.ts");
        return await repeat(out, async () => listText(out, await list()));
      }
      const answer = await list();
      if (answer.agents.length === 0) return err.line("No agents yet. Begin with: oken-runner init hello");
      out.write(listText(out, answer));
    });
}

function listText(out: Output, { agents }: AgentList): string {
  const hasNodes = agents.some(({ nodes }) => nodes.length > 0);
  const rows = agents.map(({ agent_id, name, status, version, created_at, last_invoked, nodes }) => [
    agent_id,
    stateText(out, status),
    String(version),
    ago(created_at),
    last_invoked === null ? "never" : ago(last_invoked),
    ...(hasNodes ? [nodes.length === 0 ? "-" : nodes.join(", ")] : []),
    plainLine(name),
  ]);
  return table(
    out,
    ["ID", "STATE", "VERSION", "CREATED", "INVOKED", ...(hasNodes ? ["NODE"] : []), "NAME"],
    rows,
  );
}
