import type { Command } from "@commander-js/extra-typings";

import type { NodeList, NodeView } from "../../model/api-nodes.ts";
import { newApiCommand, newCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { size } from "../output/amounts.ts";
import type { Output } from "../output/output.ts";
import { table } from "../output/table.ts";

const EXAMPLES = [["node ls", "every node, and how much of it agents have"]] as const;

const STATE_COLORS = { ready: "green", down: "red", unknown: "yellow" } as const;

export function node(context: Context): Command {
  const command: Command = newCommand("node", {
    group: "operate",
    summary: "list the hosts that agents run on, where there are several",
    description: "Nodes are the hosts of a swarm that a runner's agents run on.",
    examples: EXAMPLES,
  });
  command.helpCommand(false);
  command.addCommand(list(context));
  return command;
}

function list(context: Context) {
  return newApiCommand("ls", {
    summary: "list the nodes",
    examples: EXAMPLES,
  }).action(async (options) => {
    const { out, err } = context;
    const client = await connect(context, options);
    const answer = await client.json<NodeList>("/nodes");
    if (options.json) return out.line(JSON.stringify(answer));
    if (answer.nodes.length === 0) return err.line("Agents run on the runner's own host alone.");
    out.write(listText(out, answer.nodes));
  });
}

function listText(out: Output, nodes: NodeView[]): string {
  const rows = nodes.map((it) => [
    it.name,
    out.paint(STATE_COLORS[it.state], it.state),
    it.availability,
    `${it.role}${it.leader ? ", leads" : ""}`,
    it.address,
    String(it.instances),
    `${size(it.reserved_bytes)} of ${size(it.memory_bytes)}`,
  ]);
  return table(out, ["NAME", "STATE", "AVAILABILITY", "ROLE", "ADDRESS", "INSTANCES", "MEMORY"], rows);
}
