import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import { activatePath } from "../../client/paths.ts";
import type { NodeList, NodeView } from "../../model/api-nodes.ts";
import { newApiCommand } from "../command.ts";
import { connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { size } from "../output/amounts.ts";
import type { Output } from "../output/output.ts";
import { plainLine } from "../output/safe-line.ts";
import { table } from "../output/table.ts";

const EXAMPLES = [
  ["node ls", "every node, and how much of it agents have"],
  ["node drain n2", "move its agents elsewhere, before maintenance; no call fails"],
  ["node activate n2", "have agents start there again"],
] as const;

const HEADS = ["NAME", "STATE", "AVAILABILITY", "ROLE", "ADDRESS", "INSTANCES", "MEMORY", "CONTAINED"];

const STATE_COLORS = { ready: "green", down: "red", unknown: "yellow" } as const;

/** The firewall of a node is its own. */
const MEND = "As root there: oken-runner doctor --node --mend";

export function node(context: Context): CommandUnknownOpts {
  const command: CommandUnknownOpts = newApiCommand("node", {
    group: "operate",
    summary: "list the hosts that agents run on, and move agents off one for maintenance",
    description: "Nodes are the hosts of a swarm that a runner's agents run on.",
    examples: EXAMPLES,
  });
  command.helpCommand(false);
  command.addCommand(list(context)).addCommand(drain(context)).addCommand(activate(context));
  return command;
}

function list(context: Context) {
  return newApiCommand("ls", {
    summary: "list the nodes",
    examples: EXAMPLES.slice(0, 1),
  }).action(async (options) => {
    const { out, err } = context;
    const client = await connect(context, options);
    const answer = await client.json<NodeList>("/nodes");
    if (options.json) return out.line(JSON.stringify(answer));
    if (answer.nodes.length === 0) return err.line("Agents run on the runner's own host alone.");
    out.write(listText(out, answer.nodes));
    for (const { name, reached } of answer.nodes)
      if (reached !== null)
        err.line(
          `${err.paint("red", name)} has no new agents: a container there reached ${plainLine(reached)}. ${MEND}`,
        );
  });
}

function drain(context: Context) {
  return newApiCommand("drain", {
    summary: "move all agents off a node; nothing starts there until activate",
    description:
      "Starts another instance elsewhere for each on the node; when that serves, it takes the calls, and the old one finishes what it has. Waits until nothing runs there, for as long as the longest call. An agent that can start nowhere else is named, and serves on. Ctrl-C leaves the rest where it is; when the runner ends meanwhile, the one that starts next goes on.",
    examples: EXAMPLES.slice(1, 2),
  })
    .argument("<node>", "host name or id of the node")
    .action(async (name, options) => {
      const { followDrain } = await import("../../client/drain.ts");
      const { out, err, onInterrupt } = context;
      const client = await connect(context, options);
      const undo = `oken-runner node activate ${name}`;
      using _ = onInterrupt(async () =>
        err.line(`The rest stays on ${name}, which takes nothing new until: ${undo}`),
      );
      const drained = await followDrain(client, name, (news) => {
        if (options.json) return;
        if (news.type === "moved") err.line(`${news.agent_id} moved to ${news.node}`);
        else err.line(`${err.paint("red", news.agent_id)} stays: ${plainLine(news.error)}`);
      });
      if (options.json) return out.line(JSON.stringify(drained));
      err.line(`Drained: ${drained.name}. Have agents start there again with: ${undo}`);
    });
}

function activate(context: Context) {
  return newApiCommand("activate", {
    summary: "have agents start on a node again",
    examples: EXAMPLES.slice(2),
  })
    .argument("<node>", "host name or id of the node")
    .action(async (name, options) => {
      const { out, err } = context;
      const client = await connect(context, options);
      const answer = await client.json<NodeView>(activatePath(name), { method: "POST" });
      if (options.json) return out.line(JSON.stringify(answer));
      err.line(`Active: ${answer.name}`);
    });
}

function listText(out: Output, nodes: NodeView[]): string {
  const rows = nodes.map((it) => [
    it.name,
    out.paint(STATE_COLORS[it.state], it.state),
    it.draining ? out.paint("yellow", "draining") : it.availability,
    `${it.role}${it.leader ? ", leads" : ""}`,
    it.address,
    String(it.instances),
    `${size(it.reserved_bytes)} of ${size(it.memory_bytes)}`,
    containedText(out, it.contained),
  ]);
  return table(out, HEADS, rows);
}

function containedText(out: Output, contained: boolean | null): string {
  if (contained === null) return "–";
  return contained ? out.paint("green", "yes") : out.paint("red", "no");
}
